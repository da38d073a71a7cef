#!/bin/bash
wc -l < /app/poem.txt > /app/count.txt
