// SPDX-License-Identifier: Apache-2.0

package superset

import "strings"

// webPart is the Python of the addresses of the web tier; empty without any.
func webPart(w *Web) string {
	if w == nil {
		return ""
	}
	var text strings.Builder
	if w.Service != "" {
		text.WriteString("\n# Where workers open dashboards for reports.\nWEBDRIVER_BASEURL = " + quote(w.Service) + "\n")
	}
	if w.URL != "" {
		scheme, _, _ := strings.Cut(w.URL, "://")
		text.WriteString("\n# spec.web.url: users come through a proxy.\nENABLE_PROXY_FIX = True\nPREFERRED_URL_SCHEME = " + quote(scheme) +
			"\nWEBDRIVER_BASEURL_USER_FRIENDLY = " + quote(strings.TrimSuffix(w.URL, "/")+"/") + "\n")
	}
	return text.String()
}
