// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// envList is a list of environment variables.
type envList []corev1.EnvVar

// set adds a variable unless its value is empty.
func (l *envList) set(name, value string) {
	if value != "" {
		*l = append(*l, corev1.EnvVar{Name: name, Value: value})
	}
}

// plainJSON is the JSON of plain values for a variable. The kubelet expands $(NAME) and $$, so
// the dollar sign, which occurs only in strings, is escaped.
func plainJSON(values any) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // easier to read in the Job
	if err := e.Encode(values); err != nil {
		panic(fmt.Sprintf("encoding a script's variable: %v", err)) // plain values always encode
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), "$", `\u0024`)
}
