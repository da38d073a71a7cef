#!/bin/bash
sed -i 's/\* 3/* 2/' /app/double.sh
