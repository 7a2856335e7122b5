# SPDX-License-Identifier: GPL-2.0
# The base kernel: Debian's source package, and the version and checksum the
# series was last verified on. A newer 6.12.x is used with a note, still with no
# fuzz. Read by make and by the shell: NAME=value, no spaces.
BASE_SERIES=6.12
BASE_PACKAGE=linux-source-6.12
BASE_TARBALL=/usr/src/linux-source-6.12.tar.xz
BASE_VERSION=6.12.117-1~deb12u1
BASE_SHA256=585a4a074597aefa2b1a68ada83a3184ba351c127544dea80618bbcceaa3961f
