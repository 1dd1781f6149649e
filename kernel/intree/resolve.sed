# SPDX-License-Identifier: GPL-2.0-only
#
# A source file as it is in a kernel tree.

/^#include ".*compat\/[a-z]*\.h"$/d
s/^DMABUF_SYNC_IMPORT_NS_DMA_BUF;$/MODULE_IMPORT_NS("DMA_BUF");/
s/^MODULE_INFO(import_ns, \(".*"\));$/MODULE_IMPORT_NS(\1);/

# What has no meaning there.
/^\(#\|\.\.\) begin: not in tree$/,/^\(#\|\.\.\) end: not in tree$/d
/^``[a-z_]*`` *module form: /d
s/^\(``[a-z_]*`` *\)in tree: /\1/

# Where things are.
s,include \$(KSFT)/lib\.mk,include ../../lib.mk,
s,\.\./selftests/,../../../tools/testing/selftests/dmabuf-sync/,
s,``selftests/,``tools/testing/selftests/dmabuf-sync/,
s,``kernel/``,``drivers/dma-buf/dmabuf-sync/``,
s,\<kernel/include/,include/,
s,\<kernel/drivers/,drivers/dma-buf/dmabuf-sync/drivers/,
s,\<docs/\([a-z-]*\.rst\),\1,g
