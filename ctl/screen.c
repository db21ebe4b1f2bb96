/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/io.h"

#define WIDTH 80
/* Bytes of one line with what ends it. */
#define LINE 512

static volatile sig_atomic_t ended;
static struct termios before;
static bool has_before;

static void on_signal(int number)
{
    ended = number != SIGWINCH ? 1 : ended;
}

static void put(const char *text)
{
    (void)vgpu_write_full(STDOUT_FILENO, text, strlen(text));
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        (void)sigaction(numbers[i], &action, NULL);
    }
}

void ct_screen_open(struct ct_screen *screen, bool live)
{
    struct termios raw;

    catch_signals();
    screen->live = live && isatty(STDOUT_FILENO) != 0;
    if (!screen->live) {
        return;
    }
    has_before = tcgetattr(STDIN_FILENO, &before) == 0;
    if (has_before) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    put("\033[?1049h\033[?25l");
}

void ct_screen_begin(struct ct_screen *screen)
{
    struct winsize size = {.ws_col = 0};

    screen->width = WIDTH;
    screen->height = SIZE_MAX;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        screen->width = size.ws_col;
        screen->height = screen->live ? size.ws_row : SIZE_MAX;
    }
    screen->lines = 0;
    screen->len = 0;
}

void ct_screen_line(struct ct_screen *screen, const char *fmt, ...)
{
    char line[LINE];
    size_t width = screen->width < LINE - 1 ? screen->width : LINE - 1;
    const char *end = screen->live ? "\033[K\n" : "\n";
    va_list args;

    if (screen->lines + 1 >= screen->height || screen->len + LINE + 16 > sizeof(screen->text)) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    screen->lines++;
    screen->len += (size_t)snprintf(screen->text + screen->len, sizeof(screen->text) - screen->len,
                                    "%.*s%s", (int)width, line, end);
}

void ct_screen_end(struct ct_screen *screen)
{
    if (screen->live) {
        put("\033[H");
    }
    (void)vgpu_write_full(STDOUT_FILENO, screen->text, screen->len);
    if (screen->live) {
        put("\033[J");
    }
}

/* True for the key that ends it; false also when there is no key. */
static bool read_key(void)
{
    char key = 0;

    return read(STDIN_FILENO, &key, 1) == 1 && (key == 'q' || key == 'Q');
}

bool ct_screen_wait(const struct ct_screen *screen, unsigned int ms)
{
    uint64_t end_ns = vgpu_clock_ns() + ms * VGPU_NS_PER_MS;
    struct pollfd poll_fd = {.fd = screen->live && has_before ? STDIN_FILENO : -1,
                             .events = POLLIN};

    for (;;) {
        uint64_t now_ns = vgpu_clock_ns();

        if (ended || now_ns >= end_ns) {
            return ended != 0;
        }
        if (poll(&poll_fd, 1, (int)((end_ns - now_ns) / VGPU_NS_PER_MS) + 1) > 0) {
            if ((poll_fd.revents & POLLIN) == 0) {
                return true;
            }
            if (read_key()) {
                return true;
            }
        }
    }
}

void ct_screen_close(struct ct_screen *screen)
{
    if (!screen->live) {
        return;
    }
    put("\033[?25h\033[?1049l");
    if (has_before) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    screen->live = false;
}
