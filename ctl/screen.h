/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CT_SCREEN_H
#define CT_SCREEN_H

/* A terminal that is drawn anew again and again.  Private to ctl/. */

#include <stdbool.h>
#include <stddef.h>

/* What is drawn: lines of at most `width` bytes, cut there. */
#define CT_SCREEN_TEXT 65536

struct ct_screen {
    size_t width;
    size_t height; /* lines that fit; SIZE_MAX without a terminal */
    bool live;     /* a terminal is held: ct_screen_close() lets it go */
    size_t lines;
    size_t len;
    char text[CT_SCREEN_TEXT];
};

/* Takes the terminal, if standard output is one and `live` is wished. */
void ct_screen_open(struct ct_screen *screen, bool live);

/* Begins a picture: asks for the size anew. */
void ct_screen_begin(struct ct_screen *screen);

/* Adds a line; what does not fit the height is left out. */
__attribute__((format(printf, 2, 3))) void ct_screen_line(struct ct_screen *screen, const char *fmt,
                                                          ...);

/* Draws it. */
void ct_screen_end(struct ct_screen *screen);

/* Waits; true: the user wants to end (q, or a signal). */
bool ct_screen_wait(const struct ct_screen *screen, unsigned int ms);

/* Gives the terminal back as it was. */
void ct_screen_close(struct ct_screen *screen);

#endif
