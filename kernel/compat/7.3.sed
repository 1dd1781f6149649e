# SPDX-License-Identifier: GPL-2.0-only
#
# What 7.3 writes in another way, for the patches for it: no shim can say it in both kernels.

# 7.0: objects are allocated by their type.
s/\<k\(v\?[mz]\)alloc(sizeof(\(\*\?[a-z_]*\)), /k\1alloc_obj(\2, /
s/\<k\(v\?[mz]\)alloc(struct_size(\([a-z]*\), \([a-z]*\), \([a-z_]*\)), /k\1alloc_flex(*\2, \3, \4, /
