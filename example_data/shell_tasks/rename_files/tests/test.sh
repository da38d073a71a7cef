#!/bin/bash
mkdir -p /logs/verifier
if [ "$(cd /app && ls | tr "\n" " ")" = "a.md b.md c.csv " ] && [ "$(cat /app/b.md)" = b ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
