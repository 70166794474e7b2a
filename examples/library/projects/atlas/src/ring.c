/* A ring of fixed-size segments on a raw block device. One writer, many readers. */
#include <stdint.h>
#include <unistd.h>

struct ring {
    int fd;
    uint32_t segments;      /* number of segments on the device */
    uint32_t open;          /* the one that is being filled */
    uint64_t segment_bytes;
    uint64_t fill;          /* bytes written into the open one */
};

/* Append an object; returns its offset, or -1 on an I/O error. Moves on to the next segment when this one is full. */
int64_t ring_append(struct ring *r, const void *data, uint64_t size)
{
    if (r->fill + size > r->segment_bytes) {
        r->open = (r->open + 1) % r->segments;
        r->fill = 0;
    }
    uint64_t offset = (uint64_t)r->open * r->segment_bytes + r->fill;
    if (pwrite(r->fd, data, size, (off_t)offset) != (ssize_t)size)
        return -1;
    r->fill += size;
    return (int64_t)offset;
}
