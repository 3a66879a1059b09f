/*
 * attributes.h - what a compiler can be told, where it understands it
 *
 * Layer: common.
 */
#ifndef COMMON_ATTRIBUTES_H
#define COMMON_ATTRIBUTES_H

/* UNINITIALIZED - A large local of a hot function that is filled before it is read: the build zeroes all
 * others (-ftrivial-auto-var-init), and zeroing would cost more than the function does */
#ifdef __has_attribute
#if __has_attribute(uninitialized)
#define UNINITIALIZED __attribute__((uninitialized))
#endif
#endif
#ifndef UNINITIALIZED
#define UNINITIALIZED
#endif

#endif
