# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -DOUT=FILE -DNAMES="a b" -DDIR=DIR -P embed.cmake
# Writes a C header with the bytes of DIR/<name> for each name.
separate_arguments(NAMES)
set(text "/* Made from rebuilder/guest by scripts/cmake/embed.cmake. */\n")
set(table "static const struct {\n\tconst char *name;\n\tconst unsigned char *text;\n\tsize_t len;\n} recipe_texts[] = {\n")
foreach(name IN LISTS NAMES)
	file(READ ${DIR}/${name} hex HEX)
	string(LENGTH "${hex}" digits)
	math(EXPR len "${digits} / 2")
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
	string(APPEND text "static const unsigned char text_${name}[] = { ${bytes} };\n")
	string(APPEND table "\t{ \"${name}\", text_${name}, ${len} },\n")
endforeach()
file(WRITE ${OUT} "${text}${table}};\n")
