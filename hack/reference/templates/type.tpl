{{- define "type" -}}
{{- if markdownShouldRenderType . }}
## {{ .Name }}

{{ .Doc }}
{{ if .Members }}
| field | description | default | limits |
|---|---|---|---|
{{ range .Members -}}
| `{{ .Name }}` {{ markdownRenderType .Type }} | {{ if eq .Name "metadata" }}metadata is the standard object metadata.{{ else }}{{ markdownRenderFieldDoc .Doc | replace "<br />" " " }}{{ end }} | {{ if eq .Default "{  }" }}{{ else }}{{ markdownRenderDefault .Default }}{{ end }} | {{ template "limits" .Validation }} |
{{ end }}
{{- end }}
{{- if .EnumValues }}
| value | description |
|---|---|
{{ range .EnumValues -}}
| `{{ .Name }}` | {{ markdownRenderFieldDoc .Doc | replace "<br />" " " }} |
{{ end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "limits" -}}
{{- $limits := list -}}
{{- range . -}}
{{- if hasPrefix "Required" . }}{{ $limits = append $limits "required" -}}
{{- else if not (or (hasPrefix "Optional" .) (hasPrefix "Schemaless" .)) }}{{ $limits = append $limits (markdownRenderFieldDoc .) }}{{ end -}}
{{- end -}}
{{- join ", " $limits -}}
{{- end -}}
