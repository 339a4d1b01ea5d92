/* The limit: an epoll loop that calls send() once for each client of a task, and does nothing else.
 *
 *     send_loop PORT
 *
 * GET /tasks/ID/ws and /tasks/ID/events follow a task, POST /tasks/ID publishes the body to its clients.
 * It is no server for anybody: it proves no handshake, keeps nothing, and waits for a slow client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 65536, MAX_TASKS = 1 << 17, BUFFER = 1 << 17, ID = 64, WEBSOCKET = 0, SSE = 1 };

struct task {
    char id[ID];
    struct { int *fd; int count, room; } followers[2];
};

struct connection {
    struct task *task; /* what it follows; NULL for a publisher */
    int kind, length;
    char *buffer; /* what it has sent and is not read yet; a follower needs none */
};

static struct task *tasks[MAX_TASKS];
static struct connection connections[MAX_FD];

static struct task *task_named(const char *id) {
    unsigned slot = 2166136261u;
    for (const char *c = id; *c; c++) slot = (slot ^ (unsigned char)*c) * 16777619u;
    for (slot %= MAX_TASKS; tasks[slot]; slot = (slot + 1) % MAX_TASKS)
        if (!strcmp(tasks[slot]->id, id)) return tasks[slot];
    tasks[slot] = calloc(1, sizeof(struct task));
    snprintf(tasks[slot]->id, ID, "%s", id);
    return tasks[slot];
}

static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {fd, POLLOUT, 0};
            poll(&writable, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void say(int fd, const char *text) { send_all(fd, text, strlen(text)); }

static void follow(int fd, struct task *task, int kind) {
    struct connection *connection = &connections[fd];
    if (task->followers[kind].count == task->followers[kind].room) {
        int room = task->followers[kind].room = task->followers[kind].room ? 2 * task->followers[kind].room : 1;
        task->followers[kind].fd = realloc(task->followers[kind].fd, (size_t)room * sizeof(int));
    }
    task->followers[kind].fd[task->followers[kind].count++] = fd;
    connection->task = task;
    connection->kind = kind;
    free(connection->buffer);
    connection->buffer = NULL;
    say(fd, kind == WEBSOCKET
                ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                : "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void publish(struct task *task, const char *body, int size) {
    static char frame[BUFFER + 64];
    for (int kind = WEBSOCKET; kind <= SSE; kind++) {
        int count = task->followers[kind].count, length;
        if (!count) continue;
        if (kind == SSE)
            length = sprintf(frame, "%x\r\ndata: ", size + 8);
        else if (size < 126)
            length = sprintf(frame, "\x81%c", size);
        else {
            frame[0] = (char)0x81, frame[1] = 126, frame[2] = (char)(size >> 8), frame[3] = (char)size;
            length = 4;
        }
        memcpy(frame + length, body, (size_t)size);
        length += size;
        if (kind == SSE) length += sprintf(frame + length, "\n\n\r\n");
        for (int i = 0; i < count; i++) send_all(task->followers[kind].fd[i], frame, (size_t)length);
    }
}

static void drop(int fd) {
    struct connection *connection = &connections[fd];
    if (connection->task) {
        int *count = &connection->task->followers[connection->kind].count;
        int *followers = connection->task->followers[connection->kind].fd;
        for (int i = 0; i < *count; i++)
            if (followers[i] == fd) {
                followers[i] = followers[--*count];
                break;
            }
    }
    free(connection->buffer);
    *connection = (struct connection){0};
    close(fd);
}

/* Serve the first request in the buffer; returns how long it was, 0 when it is not complete. */
static int serve(int fd, char *request) {
    char *end = strstr(request, "\r\n\r\n"), id[ID], what[16];
    if (!end) return 0;
    int head = (int)(end - request) + 4;
    if (sscanf(request, "GET /tasks/%63[^/ ]/%15[a-z]", id, what) == 2) {
        follow(fd, task_named(id), strcmp(what, "ws") ? SSE : WEBSOCKET);
        return head;
    }
    if (sscanf(request, "POST /tasks/%63[^/ ]", id) == 1) {
        char *length = strcasestr(request, "\r\ncontent-length:");
        int size = length && length < end ? atoi(length + 17) : 0;
        if ((int)strlen(request) < head + size) return 0;
        publish(task_named(id), request + head, size);
        say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
        return head + size;
    }
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    return head;
}

static void readable(int fd) {
    struct connection *connection = &connections[fd];
    char ignored[4096];
    if (connection->task) { /* pongs, or the end */
        ssize_t got = recv(fd, ignored, sizeof ignored, 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) drop(fd);
        return;
    }
    if (!connection->buffer) connection->buffer = malloc(BUFFER + 1);
    ssize_t got = recv(fd, connection->buffer + connection->length, (size_t)(BUFFER - connection->length), 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) drop(fd);
        return;
    }
    connection->length += (int)got;
    connection->buffer[connection->length] = 0;
    int done = 0, served;
    while (connection->buffer && done < connection->length && (served = serve(fd, connection->buffer + done)))
        done += served;
    if (!connection->buffer) return;
    connection->length -= done;
    memmove(connection->buffer, connection->buffer + done, (size_t)connection->length + 1);
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, poller = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd != listener) {
                readable(events[i].data.fd);
                continue;
            }
            for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                if (fd >= MAX_FD) {
                    close(fd);
                    continue;
                }
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                struct epoll_event incoming = {.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &incoming);
            }
        }
    }
}
