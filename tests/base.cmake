# SPDX-License-Identifier: GPL-2.0-or-later
rb_test(test_err unit unit/test_err.c LINK rb_base)
rb_test(test_span unit unit/test_span.c LINK rb_base)
rb_test(test_buf unit unit/test_buf.c LINK rb_base)
rb_test(test_digest unit unit/test_digest.c LINK rb_base)
rb_test(test_enc unit unit/test_enc.c LINK rb_base)
rb_test(test_file unit unit/test_file.c LINK rb_base)
rb_test(test_note unit unit/test_note.c LINK rb_base)
rb_test(test_conf unit unit/test_conf.c LINK rb_base)
