// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strconv"
)

// scaled is a unit of time or size, and how many of the smallest it has.
type scaled struct {
	of   float64
	unit string
}

var (
	times = []scaled{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}}
	sizes = []scaled{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}}
)

// format is a value with the unit, as Grafana names it.
func format(v float64, unit string) string {
	switch unit {
	case "s":
		return scale(v, times, "s")
	case "bytes":
		return scale(v, sizes, "B")
	case "percentunit":
		return digits(v*100) + " %"
	case "ops", "reqps":
		return digits(v) + "/s"
	default:
		return digits(v)
	}
}

func scale(v float64, units []scaled, zero string) string {
	for _, u := range units {
		if math.Abs(v) >= u.of {
			return digits(v/u.of) + " " + u.unit
		}
	}
	return digits(0) + " " + zero
}

// digits are three digits at most, and whole numbers as they are.
func digits(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e7 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	rounded := math.Round(v*math.Pow10(decimals)) / math.Pow10(decimals)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
