// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every architecture
// that the operator is built for.
const tick = 10 * time.Millisecond

// Names of processes that are not programs of the cluster.
const (
	nameOperator = "operator"
	nameBench    = "bench"
)

// cpuOf returns the CPU time of a process with all its threads.
func cpuOf(pid int) (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time of a process: %w", err)
	}
	return parseStat(string(raw))
}

// parseStat returns utime and stime, fields 14 and 15 of a stat line. The second field, the
// name in parentheses, may contain spaces.
func parseStat(stat string) (time.Duration, error) {
	_, rest, ok := strings.Cut(stat[strings.LastIndexByte(stat, ')')+1:], " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("reading the CPU time of a process: %q has too few fields", stat)
	}
	var sum time.Duration
	for _, text := range fields[11:13] {
		ticks, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time of a process: %w", err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}

// cpuTimes are CPU times by process name.
type cpuTimes map[string]time.Duration

// since is what was used after an earlier reading. A process that was started in between
// counts from its start.
func (c cpuTimes) since(earlier cpuTimes) cpuTimes {
	out := cpuTimes{}
	for name, used := range c {
		out[name] = used - earlier[name]
	}
	return out
}

// share is the operator's part of all CPU time but for this program's, from 0 to 1.
func (c cpuTimes) share() float64 {
	var all time.Duration
	for name, used := range c {
		if name != nameBench {
			all += used
		}
	}
	if all == 0 {
		return 0
	}
	return float64(c[nameOperator]) / float64(all)
}
