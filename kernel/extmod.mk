# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the modules of a folder outside a kernel tree. The including Makefile sets:
#
#	src	the folder, which has a Kbuild
#	name	its name below OUT
#	kargs	more arguments for kbuild
#
# The user sets:
#
#	KDIR	build directory of the kernel (default: of the running one)
#	OUT	where to build (default: ../build/RELEASE)
#
# OUT gets a tree of links to the sources: each kernel has a directory of its own, because
# kbuild does not get along with what it left behind for another one.

KDIR ?= /lib/modules/$(shell uname -r)/build
OUT ?= ../build/$(notdir $(patsubst %/build,%,$(KDIR)))
W ?= 1

out := $(abspath $(OUT))/$(name)
kbuild = $(MAKE) --no-print-directory -C $(KDIR) M=$(out) W=$(W) $(kargs)

# Sparse up to 0.6.4 does not know an operator that kernels from 6.15 on use; it differs
# from the old one in nothing that sparse looks at.
sparse_flags := -D__typeof_unqual__=__typeof__

.PHONY: modules sparse modules_install clean links check-kdir
modules: links
	+$(kbuild) modules

# Some headers packages lack the script that finds sparse, hence KBUILD_CHECKSRC.
sparse: links
	+$(kbuild) C=2 KBUILD_CHECKSRC=2 CF="$(sparse_flags)" modules

modules_install: modules
	+$(kbuild) modules_install

# Links to files that are gone are removed, new ones made.
links: check-kdir
	@mkdir -p $(out)
	@find $(out) -xtype l -delete
	@cd $(src) && find . -type d -exec mkdir -p $(out)/{} \;
	@cd $(src) && find . -type f ! -name Makefile \
		-exec sh -c 'for f; do ln -sfn $(src)/$$f $(out)/$$f; done' _ {} +

check-kdir:
	@test -e $(KDIR)/Makefile || { \
		echo "No kernel headers in $(KDIR): install the linux-headers package of this kernel, or pass KDIR=." >&2; \
		exit 1; }

clean:
	rm -rf $(out)
