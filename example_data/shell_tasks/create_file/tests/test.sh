#!/bin/bash
mkdir -p /logs/verifier
if [ "$(cat /app/notes/today.txt)" = "three boats" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
