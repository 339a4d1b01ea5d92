{{- define "taskbeam.gateway.command" -}}
{{- with .Values.gateway -}}
{{- if .command -}}
{{ toJson .command }}
{{- else if .app -}}
[taskbeam, serve, --app, {{ .app | quote }}{{ if .factory }}, --factory{{ end }}]
{{- else -}}
[taskbeam, serve{{ include "taskbeam.celery" $ }}]
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The hosts that browsers ask for, and those that pods of this cluster ask for. */ -}}
{{- define "taskbeam.gateway.hosts" -}}
{{- $name := include "taskbeam.fullname" . -}}
{{- $space := .Release.Namespace -}}
{{- $hosts := list $name (printf "%s.%s" $name $space) (printf "%s.%s.svc" $name $space) (printf "%s.%s.svc.cluster.local" $name $space) -}}
{{- if .Values.ingress.enabled }}{{ $hosts = prepend $hosts .Values.ingress.host }}{{ end -}}
{{- concat $hosts .Values.gateway.allowedHosts | uniq | toJson -}}
{{- end -}}

{{- /* As a map in YAML. What the values' own `env` says wins. */ -}}
{{- define "taskbeam.gateway.env" -}}
TASKBEAM_HOST: 0.0.0.0
TASKBEAM_PORT: "8000"
TASKBEAM_LOG_FORMAT: json
TASKBEAM_DRAIN: {{ .Values.gateway.drainSeconds | quote }}
TASKBEAM_SHUTDOWN_TIMEOUT: {{ .Values.gateway.shutdownTimeout | quote }}
TASKBEAM_KEEP_ALIVE_TIMEOUT: {{ .Values.gateway.keepAliveTimeout | quote }}
TASKBEAM_MAX_CONNECTIONS: {{ .Values.gateway.maxConnections | int | quote }}
{{- if or .Values.ingress.enabled .Values.gateway.allowedHosts }}
TASKBEAM_ALLOWED_HOSTS: {{ include "taskbeam.gateway.hosts" . | quote }}
{{- end }}
{{- with .Values.gateway.trustedProxies }}
FORWARDED_ALLOW_IPS: {{ join "," . | quote }}
{{- end }}
{{- if .Values.notify.enabled }}
TASKBEAM_SEND_NOTIFICATIONS: "0"
{{- end }}
{{- if .Values.metrics.enabled }}
TASKBEAM_METRICS_HOST: 0.0.0.0
TASKBEAM_METRICS_PORT: {{ .Values.metrics.port | quote }}
{{- end }}
{{- end -}}

{{- define "taskbeam.gateway.probes" -}}
{{- $at := trimSuffix "/" .Values.gateway.mountedAt -}}
{{- /* /readyz itself waits TASKBEAM_REDIS_TIMEOUT, 5 s, for Redis. */ -}}
readinessProbe:
  httpGet: { path: {{ $at }}/readyz, port: http }
  periodSeconds: 5
  timeoutSeconds: 6
  failureThreshold: 2
livenessProbe:
  httpGet: { path: {{ $at }}/healthz, port: http }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
startupProbe:
  httpGet: { path: {{ $at }}/healthz, port: http }
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
{{- end -}}
