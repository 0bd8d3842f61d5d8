#!/bin/sh
# Stands for the coverage tools, which are never run.
exit 1
