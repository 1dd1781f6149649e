# SPDX-License-Identifier: GPL-2.0-only
#
# For the Makefile of every folder with tests, before its own settings:
#
#	include ../common.mk
#	TEST_GEN_PROGS := ...		programs, one per .c
#	TEST_PROGS := ...		scripts
#	include $(KSFT)/lib.mk
#
# A program gets the library of ../lib, the harness (<kselftest_harness.h>) and
# <linux/dmabuf_sync.h>. OUTPUT is where it is built, never the source folder.

selftests_dir := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
tree_dir := $(realpath $(selftests_dir)/..)
uapi_dir := $(tree_dir)/kernel/include/uapi

# The kernel's harness and lib.mk: from the kernel source package, as the guest
# root has it; or say KSFT=<kernel source>/tools/testing/selftests.
KSFT ?= $(lastword $(sort $(wildcard /usr/src/linux-*-partial/tools/testing/selftests)))
ifeq ($(wildcard $(KSFT)/lib.mk),)
$(error no kselftest files in '$(KSFT)': build inside the guest root (selftests/vm/in-root make -C selftests), or set KSFT=<kernel source>/tools/testing/selftests)
endif

BUILD ?= $(tree_dir)/build/selftests
OUTPUT ?= $(BUILD)/$(patsubst $(selftests_dir)/%,%,$(CURDIR))

ST_CPPFLAGS := -I$(selftests_dir)/lib -I$(selftests_dir)/modules \
	       -I$(uapi_dir) -isystem $(KSFT)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Werror $(ST_CPPFLAGS)
LOCAL_HDRS += $(BUILD)/lib/libst.a $(selftests_dir)/lib/st.h \
	      $(wildcard $(selftests_dir)/modules/*.h) \
	      $(wildcard $(uapi_dir)/linux/dmabuf_*.h)
LDFLAGS += -Wl,--wrap=alarm
LDLIBS += $(BUILD)/lib/libst.a -lpthread
