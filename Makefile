# SPDX-License-Identifier: GPL-2.0-only
#
# Only dispatches; "make help" lists the targets.

KERNELS := $(or $(KERNEL),6.12 7.3)
DEMO_KERNEL := $(firstword $(KERNELS))
DEBUG_KERNEL := 6.12

# Where "make tools" builds, for this host; the guest root has its own.
HOST_TOOLS := $(CURDIR)/build/host/tools

MAKEFLAGS += --no-print-directory

vm := selftests/vm
in_root := $(vm)/in-root

# The modules and everything that runs in user space, built in the guest root.
build_kernels := $(addprefix build-,$(KERNELS))

.PHONY: help
help:
	@echo "make demo            the pipeline and dmasync-top, live, in a throw-away machine"
	@echo "make check           all tests, in that machine, on each kernel (KERNEL=6.12 or 7.3: on one)"
	@echo "make check-debug     all tests on debug kernels (lockdep, KASAN, kmemleak, ...), built first; an hour or two"
	@echo "make bench           costs of the framework beside what it replaces (KERNEL=; BENCH=\"ctx_pair ...\": some rows)"
	@echo "make bench-profile   where the instructions of these rows go, by symbol (KERNEL=; BENCH=)"
	@echo "make check-model     proves the engine's protocol, and that broken variants are caught; 15 minutes"
	@echo "make static          sparse, checkpatch, kernel-doc, shellcheck, the series"
	@echo "make patches         the in-tree form: a series for git am, build/patches/ (KERNEL=)"
	@echo "make check-patches   builds and checks it, patch by patch (KERNEL=; long)"
	@echo "make vm              a shell in the machine (KERNEL=)"
	@echo "make deps            install what the machine needs, build its root; the others do it too"
	@echo "make module tools    build for this host's own kernel (KDIR=) and libraries"
	@echo "make install         build and install them (KDIR= PREFIX= DESTDIR= SIGN_KEY=; docs/install.rst)"
	@echo "make install-module  the module alone, install-tools: the tools alone"
	@echo "make deb             Debian packages: the module for dkms, the tools, the library; build/deb/"
	@echo "make check-deb       lintian, a second build that must be the same, and the packages in the machine (KERNEL=)"
	@echo "make uninstall       the same away again"
	@echo "make clean           remove build/; the guest root stays in the user's cache"

.PHONY: deps
deps:
	@$(vm)/setup

.PHONY: $(build_kernels) build-user
$(build_kernels): build-%: deps
	@$(in_root) selftests/build.sh module $*

# Variants of the module for tests. That the torture can fail is shown on one kernel.
build_variants := $(addprefix build-variants-,$(KERNELS))
.PHONY: $(build_variants)
$(build_variants): build-variants-%: build-%
	@$(in_root) selftests/build.sh variants $* $(if $(filter $*,$(DEMO_KERNEL)),rules)

build-user: deps
	@$(in_root) selftests/build.sh user

.PHONY: demo
demo: build-$(DEMO_KERNEL) build-user
	@$(vm)/run -k $(DEMO_KERNEL) --cpus 2 -- selftests/demo/run-demo.sh $(DEMO_ARGS)

.PHONY: check
check: $(build_variants) build-user
	@selftests/check.sh $(KERNELS)

.PHONY: check-debug
check-debug: build-user
	@kernel/intree/patches.sh $(DEBUG_KERNEL)
	@selftests/debug/check-debug.sh $(DEBUG_KERNEL)

.PHONY: bench bench-profile
bench: build-$(DEMO_KERNEL) build-user
	@selftests/bench/bench.sh $(DEMO_KERNEL)

bench-profile: build-$(DEMO_KERNEL) build-user
	@selftests/bench/profile/profile.sh $(DEMO_KERNEL)

.PHONY: check-model
check-model: deps
	@selftests/model/check-model.sh --all

.PHONY: static
static: deps
	@selftests/static.sh $(KERNELS)
	@kernel/intree/check.sh --quick $(firstword $(KERNELS))

.PHONY: patches check-patches
patches: deps
	@kernel/intree/patches.sh $(KERNELS)

check-patches: deps
	@kernel/intree/check.sh $(KERNELS)

.PHONY: deb check-deb
deb: deps
	@$(in_root) tools/deb.sh build/deb
	@ls build/deb/*.deb

check-deb: deps
	@selftests/install/check-deb.sh $(KERNELS)

.PHONY: vm
vm: build-$(DEMO_KERNEL) build-user
	@$(vm)/run -k $(DEMO_KERNEL)

host_tools := -C tools O=$(HOST_TOOLS)

.PHONY: module tools install install-module install-tools uninstall
module:
	@$(MAKE) -C kernel

tools:
	@$(MAKE) $(host_tools)

# What either part lacks is told at once, before the other one is built.
install:
	@$(MAKE) -C kernel ready ALSO="$$($(MAKE) -s $(host_tools) missing)"
	@$(MAKE) install-module
	@$(MAKE) install-tools

install-module: module
	@$(MAKE) -C kernel install

install-tools: tools
	@$(MAKE) $(host_tools) install

uninstall:
	@$(MAKE) $(host_tools) uninstall
	@$(MAKE) -C kernel uninstall

.PHONY: clean
clean:
	rm -rf build
