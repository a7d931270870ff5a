/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_STYLE_H
#define RB_HTTPD_STYLE_H

#include <stddef.h>

/* The bytes of style.css, put into the program when it is built. */
extern const unsigned char style_css[];
extern const size_t style_css_len;

#endif
