{{/* Names are those that other charts give: <release>-zookeeper, or the release that says so itself. */}}
{{- define "zk-cluster.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := default "zookeeper" .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "zk-cluster.labels" -}}
app.kubernetes.io/name: zookeeper
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* Empty: the image that came with the operator. */}}
{{- define "zk-cluster.image" -}}
{{- with .Values.image -}}
{{- if .repository -}}
{{- $registry := default .registry $.Values.global.imageRegistry -}}
{{- if $registry }}{{ $registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The keys of zoo.cfg that have values of their own, then those of config. */}}
{{- define "zk-cluster.config" -}}
{{- $known := dict
  "tickTime" .Values.tickTime
  "initLimit" .Values.initLimit
  "syncLimit" .Values.syncLimit
  "maxClientCnxns" .Values.maxClientCnxns
  "maxSessionTimeout" .Values.maxSessionTimeout
  "snapCount" .Values.snapCount
  "preAllocSize" .Values.preAllocSize
  "autopurge.snapRetainCount" .Values.autopurge.snapRetainCount
  "autopurge.purgeInterval" .Values.autopurge.purgeInterval -}}
{{- if .Values.fourlwCommandsWhitelist -}}
{{- $_ := set $known "4lw.commands.whitelist" (.Values.fourlwCommandsWhitelist | replace " " "") -}}
{{- end -}}
{{- range $key, $value := merge (dict) .Values.config $known }}
{{ $key }}: {{ if kindIs "float64" $value }}{{ printf "%.0f" $value | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end -}}
{{- end -}}
