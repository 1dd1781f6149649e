// SPDX-License-Identifier: GPL-2.0-only
/* Memory whose page faults wait until the test fills it: a system call that writes there stops. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "st.h"

bool st_faults_are_supported(void)
{
	return !access("/proc/sys/vm/unprivileged_userfaultfd", F_OK);
}

static int faults_register(int fd, void *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = ST_PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

int st_faults_open(struct st_faults *faults)
{
	faults->page = mmap(NULL, ST_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (faults->page == MAP_FAILED)
		return -errno;
	faults->fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	return faults->fd < 0 ? -errno : faults_register(faults->fd, faults->page);
}

void st_faults_close(struct st_faults *faults)
{
	close(faults->fd);
	munmap(faults->page, ST_PAGE);
}

bool st_faults_pending(const struct st_faults *faults)
{
	struct uffd_msg msg;

	return read(faults->fd, &msg, sizeof(msg)) > 0;
}

void st_faults_fill(const struct st_faults *faults)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)faults->page, .len = ST_PAGE },
	};

	ioctl(faults->fd, UFFDIO_ZEROPAGE, &zero);
}

void st_faults_again(const struct st_faults *faults)
{
	madvise(faults->page, ST_PAGE, MADV_DONTNEED);
}
