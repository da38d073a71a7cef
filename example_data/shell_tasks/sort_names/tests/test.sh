#!/bin/bash
mkdir -p /logs/verifier
if [ "$(cat /app/sorted.txt)" = "$(printf "Ada\nBen\nNora\nTom")" ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
