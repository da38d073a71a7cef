#!/bin/bash
mkdir -p /app/notes && echo "three boats" > /app/notes/today.txt
