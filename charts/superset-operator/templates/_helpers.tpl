{{- define "superset-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "superset-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "superset-operator.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}

{{- define "superset-operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "superset-operator.labels" -}}
{{ include "superset-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "superset-operator.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{- printf "%s:%s@%s" .Values.image.repository $tag .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}

{{- define "superset-operator.metricsMode" -}}
{{- if .Values.metrics.mode -}}
{{- .Values.metrics.mode -}}
{{- else if .Values.scope.namespaces -}}
disabled
{{- else -}}
authenticated
{{- end -}}
{{- end -}}

{{/* Rules of the operator, from the file that is generated from its code. */}}
{{- define "superset-operator.rules" -}}
{{- toYaml (.Files.Get "files/rbac/role.yaml" | fromYaml).rules -}}
{{- end -}}

{{- define "superset-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "superset-operator.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
