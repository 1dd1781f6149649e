# SPDX-License-Identifier: GPL-2.0-only
#
# A source file as it is in a kernel tree.

/^#include ".*compat\/[a-z]*\.h"$/d
s/^DMABUF_SYNC_IMPORT_NS_DMA_BUF;$/MODULE_IMPORT_NS("DMA_BUF");/
s/^MODULE_INFO(import_ns, \(".*"\));$/MODULE_IMPORT_NS(\1);/
s,\<docs/\([a-z-]*\.rst\),Documentation/driver-api/dmabuf-sync/\1,g
