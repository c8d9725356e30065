// tiny_route_types.h - which backend a size class is routed to.
#ifndef TINY_ROUTE_TYPES_H
#define TINY_ROUTE_TYPES_H

typedef enum SmallRouteKind {
    SMALL_ROUTE_LEGACY = 0,  // unified cache
    SMALL_ROUTE_ULTRA = 1,   // C7 ULTRA
    SMALL_ROUTE_HEAP = 2,    // straight to the slab
} SmallRouteKind;

#endif
