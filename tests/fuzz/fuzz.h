/*
 * fuzz.h - what the fuzz targets share
 *
 * Each target is one file with LLVMFuzzerTestOneInput(); with -Dfuzz=true and clang it is linked to
 * libFuzzer, and always to driver.c, which gives it random inputs and changed seeds as a test.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** fuzz_must() - Abort if an invariant does not hold */
void fuzz_must(bool holds, const char *what);

/** fuzz_exact() - A copy whose end a sanitizer guards. Return: heap memory for free() */
uint8_t *fuzz_exact(const void *bytes, size_t len);

/**
 * fuzz_folder() - A folder for a target that reads files; in memory where that is possible
 *
 * Return: its absolute path, the same in every call; removed with what is in it when the program ends
 */
const char *fuzz_folder(void);

/** fuzz_write() - Make, 0600, or overwrite a file in that folder. @name: below it, without a folder */
void fuzz_write(const char *name, const void *bytes, size_t len);

#endif
