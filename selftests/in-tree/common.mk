# SPDX-License-Identifier: GPL-2.0-only
#
# For the Makefile of every folder, before its own settings. The headers of the kernel have to be
# installed before (make headers). The test module is built for the kernel in KDIR, if it is there.

.DEFAULT_GOAL := all
OUTPUT ?= $(CURDIR)

selftests_dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
uapi_dir = $(lastword $(KHDR_INCLUDES))

CFLAGS += -O2 -g -std=gnu11 -Wall -Wextra -I$(selftests_dir)/lib -I$(selftests_dir)/modules \
	  -isystem $(selftests_dir)/.. $(KHDR_INCLUDES)
LDFLAGS += -Wl,--wrap=alarm
LDLIBS += $(OUTPUT)/lib.d/need.o $(OUTPUT)/lib.d/libst.a -lpthread
LOCAL_HDRS += $(OUTPUT)/lib.d/need.o $(OUTPUT)/lib.d/libst.a \
	      $(selftests_dir)/lib/st.h $(wildcard $(selftests_dir)/modules/*.h)
EXTRA_CLEAN += $(OUTPUT)/lib.d

# What the programs share.
lib_objs := $(patsubst $(selftests_dir)/lib/%.c,$(OUTPUT)/lib.d/%.o,\
	      $(sort $(wildcard $(selftests_dir)/lib/*.c)))

$(OUTPUT)/lib.d/libst.a: $(lib_objs)
	$(RM) $@
	$(AR) rcs $@ $^

$(OUTPUT)/lib.d/%.o: $(selftests_dir)/lib/%.c $(selftests_dir)/lib/st.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

$(OUTPUT)/lib.d/need.o: $(selftests_dir)/need.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

# Beside the programs, for whom need.c loads it.
KDIR ?= /lib/modules/$(shell uname -r)/build
TEST_GEN_FILES := $(if $(wildcard $(KDIR)),dmabuf_sync_test.ko)
EXTRA_CLEAN += $(addprefix $(selftests_dir)/modules/,*.ko *.o *.mod *.mod.c .*.cmd \
	       Module.symvers modules.order)

$(OUTPUT)/dmabuf_sync_test.ko: $(wildcard $(selftests_dir)/modules/*.[ch])
	$(MAKE) -C $(selftests_dir)/modules KDIR=$(abspath $(KDIR))
	cp $(selftests_dir)/modules/$(@F) $@
