#!/bin/bash
awk -F, 'NR > 1 { s += $3 } END { print s }' /app/boats.csv > /app/crew.txt
