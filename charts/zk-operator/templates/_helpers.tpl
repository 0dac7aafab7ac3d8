{{- define "zk-operator.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "zk-operator.serviceAccount" -}}
{{- default (include "zk-operator.name" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "zk-operator.selector" -}}
app.kubernetes.io/name: zkcluster-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "zk-operator.labels" -}}
{{ include "zk-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* An image out of repository, tag and digest. */}}
{{- define "zk-operator.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .version .image.tag }}
{{- end -}}
{{- end -}}
