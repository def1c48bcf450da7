/* plan_cost.h: what decides whether a digest is worth its time, as measured in this session. */
#ifndef EB_CORE_PLAN_COST_H
#define EB_CORE_PLAN_COST_H

typedef struct eb_plan_cost {
    double read_s_per_byte;
    double digest_s_per_byte;
    double round_trip_s;
} eb_plan_cost_t;

#endif
