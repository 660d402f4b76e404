{{- /* The page of one kind: its types in the order of their fields. */ -}}
{{- define "gvList" -}}
{{- $kind := markdownTemplateValue "kind" -}}
<!-- Generated from api/v1alpha1 by "make generate". Do not edit. -->
# {{ $kind }}
{{ range . }}
`apiVersion: {{ .GroupVersionString }}`, `kind: {{ $kind }}`
{{ template "walk" list (.TypeForKind $kind) dict }}
{{- end }}
{{- end -}}

{{- define "walk" -}}
{{- $type := index . 0 -}}
{{- $seen := index . 1 -}}
{{- if $type -}}
{{- if and (or (not $type.Package) (hasSuffix "v1alpha1" $type.Package)) (not (hasKey $seen $type.UID)) -}}
{{- $_ := set $seen $type.UID true -}}
{{- if or $type.Members $type.EnumValues }}{{ template "type" $type }}{{ end -}}
{{- range $type.Members }}{{ template "walk" list .Type $seen }}{{ end -}}
{{- template "walk" list $type.UnderlyingType $seen -}}
{{- template "walk" list $type.ValueType $seen -}}
{{- end -}}
{{- end -}}
{{- end -}}
