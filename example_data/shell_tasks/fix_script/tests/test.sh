#!/bin/bash
mkdir -p /logs/verifier
if [ "$(bash /app/double.sh 21)" = 42 ] && [ "$(bash /app/double.sh 4)" = 8 ]; then
  echo 1 > /logs/verifier/reward.txt
else
  echo 0 > /logs/verifier/reward.txt
fi
