/*
 * rfc2217_play.h: a small RFC 2217 server that keeps a log of what it is asked. What it does and
 * does not do is set before it is started.
 */
#ifndef EB_TEST_RFC2217_PLAY_H
#define EB_TEST_RFC2217_PLAY_H

#include "held_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240, COM_PORT = 44 };

/* How the server behaves, and what it saw. */
typedef struct play {
    bool plain_tcp;      /* knows no telnet */
    bool refuses;        /* DONT COM-PORT */
    bool hangs_up;       /* at once */
    bool mute_control;   /* does not acknowledge DTR and RTS */
    bool mute;           /* acknowledges nothing */
    uint32_t only_baud;  /* the one that it can, 0: all */
    bool drops_at_q;     /* closes after "abc" when a 'q' comes */
    unsigned char state; /* telnet parser: 0 data, 1 IAC, 2 option, 3 SB, 4 IAC in SB */
    unsigned char verb;
    unsigned char sub[32];
    size_t sub_len;
    char log[4000]; /* commands: "c5=9 " is SET-CONTROL 9, "baud=115200 " */
    unsigned char data[300000];
    size_t data_len;
} play_t;

static inline void send_escaped(const unsigned char *bytes, size_t len)
{
    unsigned char out[600];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        out[n++] = bytes[i];
        if (bytes[i] == IAC) {
            out[n++] = IAC;
        }
        if (n >= sizeof(out) - 2 || i + 1 == len) {
            held_send(out, n);
            n = 0;
        }
    }
}

static inline void acknowledge(play_t *p, unsigned char command, const unsigned char *value,
                               size_t len)
{
    const unsigned char head[] = {IAC, SB, COM_PORT, (unsigned char)(command + 100)};
    const unsigned char tail[] = {IAC, SE};

    if (p->mute || (p->mute_control && command == 5 && value[0] >= 7)) {
        return;
    }
    held_send(head, sizeof(head));
    send_escaped(value, len);
    held_send(tail, sizeof(tail));
}

static inline void on_command(play_t *p)
{
    const size_t used = strlen(p->log);
    unsigned char *v = p->sub + 2;
    uint32_t baud;

    if (p->sub[0] != COM_PORT) {
        abort();
    }
    if (p->sub[1] != 1) {
        (void)snprintf(p->log + used, sizeof(p->log) - used, "c%d=%d ", p->sub[1], v[0]);
        acknowledge(p, p->sub[1], v, 1);
        return;
    }
    baud = (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
    (void)snprintf(p->log + used, sizeof(p->log) - used, "baud=%u ", baud);
    if (p->only_baud != 0) {
        v[0] = (unsigned char)(p->only_baud >> 24);
        v[1] = (unsigned char)(p->only_baud >> 16);
        v[2] = (unsigned char)(p->only_baud >> 8);
        v[3] = (unsigned char)p->only_baud;
    }
    acknowledge(p, 1, v, 4);
}

/* '?' is answered with all byte values, 'r' with a notification in the middle of data. */
static inline bool on_data(play_t *p, unsigned char byte)
{
    static const unsigned char notice[] = {'1', IAC, SB, COM_PORT, 107, 0xB0, IAC, SE, '2'};
    unsigned char all[256];

    p->data[p->data_len++ % sizeof(p->data)] = byte;
    if (byte == '?') {
        for (int i = 0; i < 256; i++) {
            all[i] = (unsigned char)i;
        }
        send_escaped(all, sizeof(all));
    } else if (byte == 'r') {
        held_send(notice, sizeof(notice));
    } else if (byte == 'q' && p->drops_at_q) {
        held_send("abc", 3);
        return false;
    }
    return true;
}

static inline void on_option(play_t *p, unsigned char option)
{
    unsigned char reply[3] = {IAC, 0, option};

    if (p->verb == WILL) {
        reply[1] = option == COM_PORT && p->refuses ? DONT : DO;
    } else if (p->verb == DO) {
        reply[1] = option == 0 || option == 3 ? WILL : WONT;
    } else {
        return;
    }
    held_send(reply, 3);
}

static inline bool on_byte(play_t *p, unsigned char byte)
{
    switch (p->state) {
    case 0:
        if (byte != IAC || p->plain_tcp) {
            return on_data(p, byte);
        }
        p->state = 1;
        return true;
    case 1:
        p->state = byte == SB ? 3 : 2;
        p->verb = byte;
        p->sub_len = 0;
        if (byte == IAC) {
            p->state = 0;
            return on_data(p, byte);
        }
        return true;
    case 2:
        on_option(p, byte);
        p->state = 0;
        return true;
    case 3:
        if (byte == IAC) {
            p->state = 4;
        } else {
            p->sub[p->sub_len++ % sizeof(p->sub)] = byte;
        }
        return true;
    default:
        p->state = byte == IAC ? 3 : 0;
        if (byte == IAC) {
            p->sub[p->sub_len++ % sizeof(p->sub)] = byte;
        } else {
            on_command(p);
        }
        return true;
    }
}

static inline void serve(void *user)
{
    /* An option that the client does not know, and ECHO: both to be refused without a quarrel. */
    static const unsigned char greeting[] = {IAC, WILL, 1, IAC, DO, 31, IAC, DO, 0};
    unsigned char bytes[4096];
    int n;

    if (((play_t *)user)->hangs_up) {
        return;
    }
    if (!((play_t *)user)->plain_tcp) {
        held_send(greeting, sizeof(greeting));
    }
    while ((n = held_recv(bytes, sizeof(bytes), HELD_NEVER)) >= 0) {
        for (int i = 0; i < n; i++) {
            if (!on_byte(user, bytes[i])) {
                return;
            }
        }
    }
}

#endif
