/*
 * Loaded into the program by its tests (LD_PRELOAD): writes and syncs of files below a folder fail while a control file
 * says so. Its first byte is the kind of fault (0: none), its second one how many calls pass before each that fails. Syncs
 * are counted in its second eight bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum fault { NONE, WRITE_FAILS, WRITE_IS_SHORT, SYNC_FAILS, ALL_FAIL };

static volatile unsigned char *control;
static atomic_ullong *syncs;
static const char *folder;
static atomic_uint calls;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("OTEL_HIDS_TEST_IO");
	folder = getenv("OTEL_HIDS_TEST_IO_FOLDER");
	if (!path || !folder)
		return;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	void *map = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return;
	control = map;
	syncs = (atomic_ullong *)((char *)map + 8);
}

static int is_below_folder(int fd)
{
	char name[64], path[4096];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(name, path, sizeof path - 1);
	size_t prefix = strlen(folder);
	return length > (ssize_t)prefix && strncmp(path, folder, prefix) == 0 && path[prefix] == '/';
}

static enum fault fault_of(int fd, int is_sync)
{
	enum fault kind = control ? control[0] : NONE;
	int concerned = kind == ALL_FAIL || (is_sync ? kind == SYNC_FAILS : kind == WRITE_FAILS || kind == WRITE_IS_SHORT);
	if (!control || !(concerned || is_sync))
		return NONE;
	int error = errno;
	int below = is_below_folder(fd);
	errno = error;
	if (!below)
		return NONE;
	if (is_sync)
		atomic_fetch_add(syncs, 1);
	return concerned && atomic_fetch_add(&calls, 1) % (control[1] + 1u) == control[1] ? kind : NONE;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_OR_CUT(fd, count)                         \
	switch (fault_of(fd, 0)) {                     \
	case NONE:                                     \
		break;                                 \
	case WRITE_IS_SHORT:                           \
		if (count > 1) {                       \
			count /= 2;                    \
			break;                         \
		}                                      \
		/* fall through */                     \
	default:                                       \
		errno = EIO;                           \
		return -1;                             \
	}

ssize_t write(int fd, const void *bytes, size_t count)
{
	FAIL_OR_CUT(fd, count)
	return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
	FAIL_OR_CUT(fd, count)
	return REAL(pwrite)(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
	FAIL_OR_CUT(fd, count)
	return REAL(pwrite64)(fd, bytes, count, offset);
}

int fsync(int fd)
{
	if (fault_of(fd, 1) != NONE) {
		errno = EIO;
		return -1;
	}
	return REAL(fsync)(fd);
}

int fdatasync(int fd)
{
	if (fault_of(fd, 1) != NONE) {
		errno = EIO;
		return -1;
	}
	return REAL(fdatasync)(fd);
}
