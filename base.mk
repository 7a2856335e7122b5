# SPDX-License-Identifier: GPL-2.0
# The base kernel: Debian's source package, and the version and checksums the
# series was last verified on. A newer 7.3.y is used with a note, still with no
# fuzz. Read by make and by the shell: NAME=value, no spaces.
BASE_SERIES=7.3
BASE_SUITE=trixie-backports
BASE_PACKAGE=linux-source-7.3
BASE_VERSION=7.3.4-1~bpo13+1
BASE_DEB_SHA256=703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3
BASE_SHA256=76df1affb19f24926949369be1d74b60071c963c598ce8780bddd4bbf0fc3bc4
