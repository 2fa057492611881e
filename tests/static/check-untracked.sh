#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is committed builds by itself, and the build leaves nothing outside of build/.
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tree"
git -c safe.directory='*' archive HEAD | tar -x -C "$scratch/tree"
(cd "$scratch/tree" && find . -type f | sort) > "$scratch/before"

deps=$(cd "${DEPS:-build/deps}" && pwd)
unset MAKEFLAGS MFLAGS
make -C "$scratch/tree" MAKELEVEL=0 DEPS="$deps" all

(cd "$scratch/tree" && find . -path ./build -prune -o -type f -print | sort) > "$scratch/after"
diff "$scratch/before" "$scratch/after"
