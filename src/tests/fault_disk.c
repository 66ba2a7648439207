/* A disk that fails on command, loaded into the program under test with LD_PRELOAD.
 *
 * It stands between the program and the C library: every call that makes bytes durable passes it,
 * SQLite's and Rust's alike. The test and the program share one file, the panel. Through it the
 * test says which call fails and how, counts calls, and learns what was written and never synced,
 * so that it can take those bytes away again as a power cut would. The layout of the panel is
 * that of `fault_disk.rs`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PANEL_BYTES (96u << 20)
#define UNDO_START 8192u
#define PATH_BYTES 1024u

enum { SYNC = 1, WRITE = 2, TRUNCATE = 4, OPEN = 8 };

struct panel {
    volatile uint32_t armed;  /* whether calls are counted */
    uint32_t calls;           /* which calls count: a mask */
    uint32_t at;              /* the number of the call that fails, from 1; 0 is none */
    uint32_t error;           /* its errno; 0 kills the process before the call */
    uint32_t lasting;         /* whether every counted call after it fails too */
    volatile uint32_t counted;
    volatile uint32_t failed;
    uint32_t remember;        /* whether un-synced bytes are remembered */
    volatile uint64_t writes; /* every write to any descriptor, since the start */
    volatile uint64_t undo_end;
    volatile uint64_t overflow;
    char target[PATH_BYTES];  /* the file or folder whose calls count, with what is beside or in it */
    char folder[PATH_BYTES];  /* below it, what is un-synced is remembered */
    uint32_t alone;           /* whether the files beside the target do not count */
    uint32_t slow;            /* microseconds that every sync takes longer */
};

/* In place of a size: what happened to a name and not to what is in a file. A name is durable when its
 * folder was synced, whatever was synced of the file. */
#define CREATED UINT64_MAX
#define RENAMED (UINT64_MAX - 1) /* what was kept is the name before */

/* What was in a file before a write, or that a sync of it failed: then it is lost for good. */
struct undo {
    uint64_t bytes; /* of this entry, with path and old content */
    uint64_t state; /* 1 un-synced, 2 doomed by a failed sync, 0 durable */
    uint64_t offset;
    uint64_t length; /* of the write */
    uint64_t kept;   /* of the old content */
    uint64_t size;   /* of the file before */
    uint64_t path;   /* length of the path, which follows; then the old content */
};

static struct panel *panel;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...) \
    static result (*real_##name)(__VA_ARGS__); \
    if (!real_##name) real_##name = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_DISK_PANEL");
    if (!path) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) abort();
    void *at = mmap(NULL, PANEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) abort();
    close(fd);
    panel = at;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int is_target(const char *path) {
    size_t length = strlen(panel->target);
    if (!length || strncmp(path, panel->target, length)) return 0;
    if (panel->alone) return path[length] == 0;
    /* Itself, what SQLite keeps beside it, what it is once it is unlinked, or what is in a folder. */
    return strchr("- /", path[length]) != NULL; /* The end of the text is found too. */
}

/* The errno with which this call fails; 0 lets it pass. */
static int verdict(uint32_t call, const char *path) {
    if (!panel || !panel->armed || !(panel->calls & call) || !is_target(path)) return 0;
    uint32_t number = __sync_add_and_fetch(&panel->counted, 1);
    if (!panel->at || number < panel->at || (number > panel->at && !panel->lasting)) return 0;
    __sync_add_and_fetch(&panel->failed, 1);
    if (!panel->error) {
        kill(getpid(), SIGKILL);
        pause();
    }
    return (int)panel->error;
}

static int is_remembered(const char *path) {
    size_t folder = strlen(panel->folder), length = strlen(path);
    if (!panel->remember || !folder || strncmp(path, panel->folder, folder)) return 0;
    /* The index of a log is shared memory: no one relies on it after a stop. */
    return !(length > 4 && !strcmp(path + length - 4, "-shm"));
}

/* Remembers one entry. Published whole: a kill leaves no half of it. */
static struct undo *begin_entry(struct undo entry, const char *path) {
    entry.bytes = (sizeof(struct undo) + entry.path + entry.kept + 7) & ~7ull;
    uint64_t at = UNDO_START + panel->undo_end;
    if (at + entry.bytes > PANEL_BYTES) {
        panel->overflow += 1;
        return NULL;
    }
    struct undo *placed = (struct undo *)((char *)panel + at);
    *placed = entry;
    memcpy(placed + 1, path, entry.path);
    return placed;
}

static void publish(struct undo *entry) {
    __sync_synchronize();
    panel->undo_end += entry->bytes;
}

static void named(const char *path, const char *before) {
    uint64_t kept = before ? strlen(before) : 0;
    pthread_mutex_lock(&lock);
    struct undo entry = {0, 1, 0, 0, kept, before ? RENAMED : CREATED, strlen(path)};
    struct undo *placed = begin_entry(entry, path);
    if (placed) {
        memcpy((char *)(placed + 1) + entry.path, before ? before : "", kept);
        publish(placed);
    }
    pthread_mutex_unlock(&lock);
}

/* Remembers what the next write replaces. */
static void before_write(int fd, const char *path, uint64_t offset, uint64_t length) {
    struct stat found;
    if (fstat(fd, &found) || !S_ISREG(found.st_mode)) return;
    uint64_t size = (uint64_t)found.st_size;
    uint64_t kept = offset >= size ? 0 : (size - offset < length ? size - offset : length);
    uint64_t name = strlen(path);
    pthread_mutex_lock(&lock);
    struct undo *entry = begin_entry((struct undo){0, 1, offset, length, kept, size, name}, path);
    if (entry) {
        char *old = (char *)(entry + 1) + name;
        if (kept && pread(fd, old, kept, (off_t)offset) != (ssize_t)kept) abort();
        publish(entry);
    }
    pthread_mutex_unlock(&lock);
}

/* What a sync that came back says about the bytes before it. */
static void after_sync(const char *path, int failed) {
    uint64_t name = strlen(path), open = 0;
    pthread_mutex_lock(&lock);
    for (uint64_t at = 0; at < panel->undo_end;) {
        struct undo *entry = (struct undo *)((char *)panel + UNDO_START + at);
        at += entry->bytes;
        const char *of = (const char *)(entry + 1);
        int is_name = entry->size >= RENAMED;
        const char *slash = is_name ? memrchr(of, '/', entry->path) : NULL;
        uint64_t length = slash ? (uint64_t)(slash - of) : entry->path;
        if (entry->state == 1 && length == name && !memcmp(of, path, name))
            entry->state = failed ? 2 : 0;
        open += entry->state != 0;
    }
    if (!open) panel->undo_end = 0;
    pthread_mutex_unlock(&lock);
}

static ssize_t fail(int error) {
    errno = error;
    return -1;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
    if (!panel) return real_pwrite64(fd, data, length, offset);
    __sync_add_and_fetch(&panel->writes, 1);
    char path[PATH_BYTES];
    if (!(panel->armed || panel->remember) || !path_of(fd, path))
        return real_pwrite64(fd, data, length, offset);
    int error = verdict(WRITE, path);
    /* A disk that is full takes what fits. */
    size_t fits = error == ENOSPC ? length / 2 : length;
    if (error && (error != ENOSPC || !fits)) return fail(error);
    if (is_remembered(path)) before_write(fd, path, (uint64_t)offset, fits);
    ssize_t wrote = real_pwrite64(fd, data, fits, offset);
    return error ? fail(error) : wrote;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return pwrite64(fd, data, length, offset);
}

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!panel) return real_write(fd, data, length);
    __sync_add_and_fetch(&panel->writes, 1);
    char path[PATH_BYTES];
    if (!(panel->armed || panel->remember) || !path_of(fd, path))
        return real_write(fd, data, length);
    int error = verdict(WRITE, path);
    if (error) return fail(error);
    off_t offset = is_remembered(path) ? lseek(fd, 0, SEEK_CUR) : -1;
    if (offset >= 0) before_write(fd, path, (uint64_t)offset, length);
    return real_write(fd, data, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (panel) __sync_add_and_fetch(&panel->writes, 1);
    return real_writev(fd, parts, count);
}

static int synced(int fd, int (*real)(int)) {
    char path[PATH_BYTES];
    if (panel && panel->slow) usleep(panel->slow);
    if (!panel || !(panel->armed || panel->remember) || !path_of(fd, path)) return real(fd);
    int error = verdict(SYNC, path);
    int result = error ? (int)fail(error) : real(fd);
    if (is_remembered(path)) {
        int kept = errno;
        after_sync(path, result);
        errno = kept;
    }
    return result;
}

int fsync(int fd) {
    REAL(int, fsync, int);
    return synced(fd, real_fsync);
}

int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return synced(fd, real_fdatasync);
}

int ftruncate64(int fd, off64_t length) {
    REAL(int, ftruncate64, int, off64_t);
    char path[PATH_BYTES];
    if (!panel || !(panel->armed || panel->remember) || !path_of(fd, path))
        return real_ftruncate64(fd, length);
    int error = verdict(TRUNCATE, path);
    if (error) return (int)fail(error);
    struct stat found;
    if (is_remembered(path) && !fstat(fd, &found) && length < found.st_size)
        before_write(fd, path, (uint64_t)length, (uint64_t)(found.st_size - length));
    return real_ftruncate64(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int may_open(const char *path) {
    char whole[PATH_BYTES];
    if (!panel || !panel->armed || path[0] != '/') return 0;
    snprintf(whole, sizeof whole, "%s", path);
    return verdict(OPEN, whole);
}

/* A name that an open made. */
static int created(int fd, int was_there) {
    char whole[PATH_BYTES];
    int kept = errno;
    if (fd >= 0 && !was_there && path_of(fd, whole) && is_remembered(whole)) named(whole, NULL);
    errno = kept;
    return fd;
}

static int was_there(int folder, const char *path, int flags) {
    int kept = errno;
    int there = !panel || !panel->remember || !(flags & O_CREAT) || !faccessat(folder, path, F_OK, 0);
    errno = kept;
    return there;
}

static int absolute(const char *path, char *whole) {
    char folder[PATH_BYTES], real[PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    const char *name = slash ? path + (slash - folder) + 1 : path;
    if (slash) *slash = 0;
    if (!realpath(slash ? (*folder ? folder : "/") : ".", real)) return 0;
    return snprintf(whole, PATH_BYTES, "%s/%s", real, name) < (int)PATH_BYTES;
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    char whole[PATH_BYTES];
    int result = real_mkdir(path, mode);
    if (!result && panel && panel->remember && absolute(path, whole) && is_remembered(whole))
        named(whole, NULL);
    return result;
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *);
    char old[PATH_BYTES], new[PATH_BYTES];
    int is_known = panel && panel->remember && absolute(from, old) && absolute(to, new) &&
        is_remembered(new) && faccessat(AT_FDCWD, to, F_OK, 0);
    int result = real_rename(from, to);
    if (!result && is_known) named(new, old);
    return result;
}

#define OPENED(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = (mode_t)va_arg(rest, int); \
        va_end(rest); \
        int error = may_open(path); \
        if (error) return (int)fail(error); \
        int there = was_there(AT_FDCWD, path, flags); \
        return created(real_##name(path, flags, mode), there); \
    }

OPENED(open)
OPENED(open64)

int openat64(int folder, const char *path, int flags, ...) {
    REAL(int, openat64, int, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (mode_t)va_arg(rest, int);
    va_end(rest);
    int error = may_open(path);
    if (error) return (int)fail(error);
    int there = was_there(folder, path, flags);
    return created(real_openat64(folder, path, flags, mode), there);
}
