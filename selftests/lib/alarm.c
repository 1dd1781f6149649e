// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time limits of tests are compiled into them; the kselftest harness has no other means.
 * Its calls of alarm() come here (common.mk), so that a slow machine has more time.
 */
#include "st.h"

unsigned int __wrap_alarm(unsigned int seconds)
{
	return __real_alarm(seconds * st_slowness());
}
