# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the modules of a folder outside a kernel tree. The including Makefile sets:
#
#	src	the folder, which has a Kbuild
#	name	its name below OUT
#	symvers	Module.symvers of the modules that these use, if any
#	kargs	more arguments for kbuild
#
# The user sets:
#
#	KDIR	build directory of the kernel (default: of the running one)
#	OUT	where to build (default: ../build/RELEASE)
#	W	kbuild's extra checks (default: none; W=1 needs perl and python)
#
# OUT gets a tree of links to the sources: each kernel has a directory of its own, because
# kbuild does not get along with what it left behind for another one.

extmod_dir := $(dir $(realpath $(lastword $(MAKEFILE_LIST))))

KDIR ?= /lib/modules/$(shell uname -r)/build
OUT ?= ../build/$(notdir $(patsubst %/build,%,$(KDIR)))

out := $(abspath $(OUT))/$(name)
kbuild = $(MAKE) --no-print-directory -C $(KDIR) M=$(out) W=$(W) \
	 $(if $(symvers),KBUILD_EXTRA_SYMBOLS=$(symvers)) $(kargs)

# The kernel's release and configuration, as its build directory has them. Where that is not
# installed its usual path still names the release.
release := $(or $(file <$(KDIR)/include/config/kernel.release),\
		$(patsubst /lib/modules/%/build,%,$(filter /lib/modules/%/build,$(KDIR))))
config = $(file <$(KDIR)/include/config/auto.conf)

# Sparse up to 0.6.4 does not know an operator that kernels from 6.15 on use; it differs
# from the old one in nothing that sparse looks at.
sparse_flags := -D__typeof_unqual__=__typeof__

.PHONY: modules sparse clean links ready
# Kbuild does not link again for other versions of the symbols that are used.
modules: links
	@$(if $(symvers),[ $(out)/Module.symvers -nt $(symvers) ] || rm -f $(out)/Module.symvers)
	+$(kbuild) modules

# Some headers packages lack the script that finds sparse, hence KBUILD_CHECKSRC.
sparse: links
	+$(kbuild) C=2 KBUILD_CHECKSRC=2 CF="$(sparse_flags)" modules

# Links to files that are gone are removed, new ones made. Kbuild prefers a Kbuild to a Makefile.
links: ready
	@mkdir -p $(out)
	@find $(out) -xtype l -delete
	@cp -rsf $(src)/. $(out)

clean:
	rm -rf $(out)

# What follows says what is wrong before anything is compiled. Versions are compared as numbers;
# the least one stands where the compiler checks it, too.
least := $(firstword $(shell sed -n 's/^.if LINUX_VERSION_CODE < KERNEL_VERSION(\([0-9]*\), \([0-9]*\), 0)/\1.\2/p' \
			$(extmod_dir)compat/compat.h))
new_enough = $(filter $(least),$(shell printf '%s\n' $(least) $(release) | sort -V | head -n 1))
config_missing = $(filter-out $(config),CONFIG_MODULES=y CONFIG_DMA_SHARED_BUFFER=y)

# The compiler that kbuild is going to use; Debian's headers say which.
kernelvariables = $(wildcard $(KDIR)/.kernelvariables)
cc_default = $(if $(LLVM),clang,$(CROSS_COMPILE)gcc)
cc_debian = $(shell $(MAKE) -s --no-print-directory -f $(kernelvariables) --eval 'print: ; @echo $$(CC)' print)
cc = $(lastword $(if $(filter command,$(origin CC)),$(CC),$(if $(kernelvariables),$(cc_debian),$(cc_default))))
cc_package = $(patsubst $(shell uname -m)-linux-gnu-%,%,$(notdir $(cc)))

# Packages of Debian without which the modules cannot be built and installed. ALSO: those that
# the caller misses, to be told of at once.
no_program = $(if $(shell PATH=$$PATH:/usr/sbin:/sbin; command -v $(1)),,$(2))
has_btf = $(and $(filter CONFIG_DEBUG_INFO_BTF_MODULES=y,$(config)),$(wildcard $(KDIR)/vmlinux))
packages_missing = $(sort $(if $(wildcard $(KDIR)/Makefile),,linux-headers-$(release)) \
			  $(call no_program,$(cc),$(cc_package)) \
			  $(if $(has_btf),$(call no_program,pahole,pahole)) \
			  $(call no_program,depmod,kmod) $(ALSO))

others = $(filter-out $(KDIR),$(patsubst %/Makefile,%,$(wildcard /lib/modules/*/build/Makefile)))
other_kdir = for another kernel pass KDIR=/lib/modules/RELEASE/build $(if $(others),(here: $(others)))
no_kernel = $(KDIR) is not the build directory of a configured kernel: $(other_kdir).
too_old = Linux $(release) is too old: dmabuf-sync needs $(least) or newer. Debian 13 has it, \
	  Debian 12 in bookworm-backports (linux-image-amd64 and linux-headers-amd64); $(other_kdir).
unfit = Linux $(release) was built without what dmabuf-sync needs: $(config_missing).
lacking = Packages are missing here. As root: apt install $$missing$(if $(wildcard $(KDIR)/Makefile),,; $(other_kdir))

refuse = { echo "$(strip $(1))" >&2; exit 1; }
ready:
	@$(if $(release),,$(call refuse,$(no_kernel)))
	@$(if $(new_enough),,$(call refuse,$(too_old)))
	@$(if $(and $(config),$(config_missing)),$(call refuse,$(unfit)))
	@missing="$(packages_missing)"; [ -z "$$missing" ] || $(call refuse,$(lacking))
