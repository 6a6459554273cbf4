// The floor: what moving a file's bytes costs on this machine when nothing is done to them.
//
// Upload: one client connection into one relay process, which passes 5/3 of the bytes on to five storing processes in
// appends of 1,000 KiB, each synced before it is acknowledged. Download: three fifths of what the five stored, so exactly
// the file's bytes, back through the relay to the client, read from a warm page cache. There is no HTTP, no checksum and no coding;
// the copies through sockets and to the disk are those that a cluster of six processes cannot do without.
// docs/design/performance.md says how the figure is used: always as a ratio within one run, never across runs.
//
// What is counted is the CPU time of the relay and the five, by getrusage, between two barriers; the client is not. All memory that the
// processes move bytes through is touched before the clock starts, because first touches cost five times a warm copy.
// Simple on purpose: blocking sockets, one thread a process, no splice or sendfile (a cluster that must check each byte cannot
// use them either).
//
// Usage: floor FOLDER SECONDS FILE_BYTES direct|buffered
// Prints one line of JSON for upload and one for download. Its files (data.0 … data.4) are removed at the end.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { storers = 5, dataColumns = 3, processes = storers + 1, relay = storers };
enum { columnBytesMax = 1000 * 1024, blockBytesMax = dataColumns * columnBytesMax, page = 4096 };
/** Blocks on their way to the storers, or read ahead from them. */
enum { window = 4 };
/** Bytes of what was uploaded that the download goes round: they must fit the page cache beside everything else. */
static const uint64_t downloadBytesMax = 2ull << 30;

struct usage { double user, system; };

static struct shared {
  pthread_barrier_t barrier;
  struct usage usage[2][processes];
  uint64_t bytes[2];
  double seconds[2];
  uint64_t files;
  int ports[storers + 1];
} *shared;

struct append { uint32_t length; };
struct fetch { uint64_t offset; uint32_t length; uint32_t end; };

static const char *folder;
static double seconds;
static uint64_t fileBytes;
static int direct;

static void check(int ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  kill(0, SIGTERM);
  _exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct usage used(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (struct usage){(double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec / 1e6,
                        (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec / 1e6};
}

static void meet(void) { pthread_barrier_wait(&shared->barrier); }

static void report(int phase, int who, struct usage before) {
  struct usage after = used();
  shared->usage[phase][who] = (struct usage){after.user - before.user, after.system - before.system};
}

static void sendAll(int fd, const void *data, size_t length) {
  const char *at = data;
  while (length > 0) {
    ssize_t n = send(fd, at, length, MSG_NOSIGNAL);
    check(n > 0, "send");
    at += n;
    length -= (size_t)n;
  }
}

static void receiveAll(int fd, void *data, size_t length) {
  char *at = data;
  while (length > 0) {
    ssize_t n = recv(fd, at, length, MSG_WAITALL);
    check(n > 0, "receive");
    at += n;
    length -= (size_t)n;
  }
}

static void *touched(size_t length) {
  void *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "mmap");
  for (size_t i = 0; i < length; i++) ((unsigned char *)memory)[i] = (unsigned char)(i * 2654435761u >> 13);
  return memory;
}

static int listenOn(int which) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof a;
  check(fd >= 0 && bind(fd, (void *)&a, sizeof a) == 0 && listen(fd, 1) == 0, "listen");
  check(getsockname(fd, (void *)&a, &length) == 0, "getsockname");
  shared->ports[which] = ntohs(a.sin_port);
  return fd;
}

static int acceptFrom(int listener) {
  int one = 1, fd = accept(listener, 0, 0);
  check(fd >= 0, "accept");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

static int connectTo(int which) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                          .sin_port = htons((uint16_t)shared->ports[which])};
  check(fd >= 0 && connect(fd, (void *)&a, sizeof a) == 0, "connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/** What a block's columns take on each storer: padded to whole pages, as O_DIRECT wants it, in both modes. */
static uint32_t columnBytes(uint64_t blockBytes) {
  return (uint32_t)(((blockBytes + dataColumns - 1) / dataColumns + page - 1) / page * page);
}

static void store(int who, int listener) {
  char path[4096];
  snprintf(path, sizeof path, "%s/data.%d", folder, who);
  int out = open(path, O_RDWR | O_CREAT | O_TRUNC | (direct ? O_DIRECT : 0), 0600);
  check(out >= 0, direct ? "open with O_DIRECT" : "open");
  char *memory = touched(columnBytesMax);
  int fd = acceptFrom(listener);
  uint64_t end = 0;

  meet();
  struct usage before = used();
  for (;;) {
    struct append append;
    receiveAll(fd, &append, sizeof append);
    if (append.length == 0) break;
    receiveAll(fd, memory, append.length);
    check(pwrite(out, memory, append.length, (off_t)end) == (ssize_t)append.length, "append");
    check(fdatasync(out) == 0, "fdatasync");
    end += append.length;
    sendAll(fd, "k", 1);
  }
  report(0, who, before);
  meet();

  int in = open(path, O_RDONLY);
  check(in >= 0, "open");
  uint64_t warm = end < downloadBytesMax ? end : downloadBytesMax;
  for (uint64_t at = 0; at < warm; at += columnBytesMax) check(pread(in, memory, columnBytesMax, (off_t)at) > 0, "read");

  meet();
  before = used();
  for (;;) {
    struct fetch fetch;
    receiveAll(fd, &fetch, sizeof fetch);
    if (fetch.end) break;
    check(pread(in, memory, fetch.length, (off_t)fetch.offset) == (ssize_t)fetch.length, "read");
    sendAll(fd, memory, fetch.length);
  }
  report(1, who, before);
  meet();
  unlink(path);
}

static void relayUploads(int client, const int *out, char *block) {
  uint32_t unacknowledged = 0;
  char acknowledgement;
  for (;;) {
    uint64_t rest;
    receiveAll(client, &rest, sizeof rest);
    if (rest == 0) break;
    while (rest > 0) {
      size_t length = rest < blockBytesMax ? rest : blockBytesMax;
      uint32_t column = columnBytes(length);
      receiveAll(client, block, length);
      for (int c = 0; c < storers; c++) {
        struct append append = {column};
        sendAll(out[c], &append, sizeof append);
        sendAll(out[c], block + (size_t)(c % dataColumns) * column, column);
      }
      rest -= length;
      unacknowledged++;
      for (; unacknowledged > (rest > 0 ? window : 0); unacknowledged--)
        for (int c = 0; c < storers; c++) receiveAll(out[c], &acknowledgement, 1);
    }
    sendAll(client, "k", 1);
  }
  struct append end = {0};
  for (int c = 0; c < storers; c++) sendAll(out[c], &end, sizeof end);
}

static uint64_t fileColumnBytes(void) {
  uint64_t whole = fileBytes / blockBytesMax;
  return whole * columnBytesMax + columnBytes(fileBytes % blockBytesMax);
}

static void fetchBlock(const int *out, uint64_t file, uint64_t block, uint64_t blocks) {
  uint64_t length = block + 1 < blocks ? blockBytesMax : fileBytes - block * blockBytesMax;
  struct fetch fetch = {file * fileColumnBytes() + block * columnBytesMax, columnBytes(length), 0};
  for (int c = 0; c < dataColumns; c++) sendAll(out[(block + (uint64_t)c) % storers], &fetch, sizeof fetch);
}

static void relayDownloads(int client, const int *out, char *memory) {
  uint64_t blocks = (fileBytes + blockBytesMax - 1) / blockBytesMax;
  for (;;) {
    uint64_t file;
    receiveAll(client, &file, sizeof file);
    if (file == UINT64_MAX) break;
    uint64_t asked = 0;
    for (uint64_t block = 0; block < blocks; block++) {
      for (; asked < blocks && asked < block + window; asked++) fetchBlock(out, file, asked, blocks);
      uint64_t length = block + 1 < blocks ? blockBytesMax : fileBytes - block * blockBytesMax;
      uint32_t column = columnBytes(length);
      for (int c = 0; c < dataColumns; c++)
        receiveAll(out[(block + (uint64_t)c) % storers], memory + (size_t)c * column, column);
      sendAll(client, memory, length);
    }
  }
  struct fetch end = {0, 0, 1};
  for (int c = 0; c < storers; c++) sendAll(out[c], &end, sizeof end);
}

static void runRelay(int listener) {
  char *memory = touched(blockBytesMax + dataColumns * page);
  int out[storers];
  for (int c = 0; c < storers; c++) out[c] = connectTo(c);
  int client = acceptFrom(listener);
  meet();
  struct usage before = used();
  relayUploads(client, out, memory);
  report(0, relay, before);
  meet();
  meet();
  before = used();
  relayDownloads(client, out, memory);
  report(1, relay, before);
  meet();
}

static void runClient(void) {
  char *memory = touched(1 << 20), acknowledgement;
  int fd = connectTo(relay);
  meet();
  double start = now();
  uint64_t files = 0, zero = 0, last = UINT64_MAX;
  for (; files == 0 || now() - start < seconds; files++) {
    sendAll(fd, &fileBytes, sizeof fileBytes);
    for (uint64_t at = 0; at < fileBytes; at += 1 << 20) sendAll(fd, memory, fileBytes - at < 1 << 20 ? fileBytes - at : 1 << 20);
    receiveAll(fd, &acknowledgement, 1);
  }
  shared->seconds[0] = now() - start;
  shared->bytes[0] = files * fileBytes;
  shared->files = files;
  sendAll(fd, &zero, sizeof zero);
  meet();

  uint64_t fit = downloadBytesMax / fileBytes, count = 0;
  if (fit == 0) fit = 1;
  if (fit > files) fit = files;
  meet();
  start = now();
  for (; count == 0 || now() - start < seconds; count++) {
    uint64_t file = count % fit;
    sendAll(fd, &file, sizeof file);
    for (uint64_t rest = fileBytes; rest > 0;) {
      ssize_t n = recv(fd, memory, rest < 1 << 20 ? rest : 1 << 20, 0);
      check(n > 0, "receive");
      rest -= (uint64_t)n;
    }
  }
  shared->seconds[1] = now() - start;
  shared->bytes[1] = count * fileBytes;
  sendAll(fd, &last, sizeof last);
  meet();
}

static void print(int phase, const char *row) {
  double user = 0, system = 0;
  for (int p = 0; p < processes; p++) user += shared->usage[phase][p].user, system += shared->usage[phase][p].system;
  printf("{\"row\":\"%s\",\"mode\":\"%s\",\"bytes\":%llu,\"seconds\":%.6f,\"user\":%.6f,\"system\":%.6f}\n", row,
         direct ? "direct" : "buffered", (unsigned long long)shared->bytes[phase], shared->seconds[phase], user, system);
}

int main(int argc, char **argv) {
  if (argc != 5 || atof(argv[2]) <= 0 || atoll(argv[3]) <= 0 || (strcmp(argv[4], "direct") && strcmp(argv[4], "buffered"))) {
    fprintf(stderr, "usage: floor FOLDER SECONDS FILE_BYTES direct|buffered\n");
    return 2;
  }
  folder = argv[1];
  seconds = atof(argv[2]);
  fileBytes = (uint64_t)atoll(argv[3]);
  direct = strcmp(argv[4], "direct") == 0;
  setpgid(0, 0);
  shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(shared != MAP_FAILED, "mmap");
  pthread_barrierattr_t attributes;
  pthread_barrierattr_init(&attributes);
  pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_barrier_init(&shared->barrier, &attributes, processes + 1);

  int listeners[processes];
  for (int p = 0; p < processes; p++) listeners[p] = listenOn(p);
  for (int p = 0; p < processes + 1; p++) {
    pid_t parent = getpid(), child = fork();
    check(child >= 0, "fork");
    if (child > 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    if (p < storers) store(p, listeners[p]);
    else if (p == relay) runRelay(listeners[p]);
    else runClient();
    _exit(0);
  }
  for (int status; wait(&status) > 0;) check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process of the floor failed");
  print(0, "upload");
  print(1, "download");
  return 0;
}
