{{- /* What every pod has in common: who it runs as, and where. Given: root, of (values with nodeSelector, tolerations). */ -}}
{{- define "taskbeam.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- with .of.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- with .root.Values.files.claim }}
  - name: files
    persistentVolumeClaim:
      claimName: {{ . }}
  {{- end }}
{{- end -}}

{{- /* What every container has in common. Given: root, of (values with resources). */ -}}
{{- define "taskbeam.container" -}}
image: "{{ required "image.repository: name the image that has your application" .root.Values.image.repository }}:{{ required "image.tag: name the version of that image" .root.Values.image.tag }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
resources:
  {{- toYaml .of.resources | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if .root.Values.files.claim }}
  - name: files
    mountPath: {{ .root.Values.files.path }}
  {{- end }}
{{- end -}}

{{- /* Variables, and the Secrets that have others. Given: root, env (of this component; wins), secrets (of it). */ -}}
{{- define "taskbeam.environment" -}}
{{- $env := dict -}}
{{- with .root.Values.files }}{{ if .claim }}{{ $_ := set $env "TASKBEAM_FILES_DIR" (printf "%s/files" (trimSuffix "/" .path)) }}{{ end }}{{ end -}}
{{- $env = mergeOverwrite $env .root.Values.env .env -}}
{{- range $secret := list "API_KEYS" "BROKER_URL" "DATABASE_URL" "RESULT_BACKEND" "SMTP_URL" "TOKEN_KEYS" "VAPID_KEY" "WEBHOOKS" }}
{{- if hasKey $env (printf "TASKBEAM_%s" $secret) }}{{ fail (printf "env.TASKBEAM_%s is a secret: put it in a Secret, and name that in `secrets`" $secret) }}{{ end }}
{{- end }}
{{- if $env -}}
env:
  {{- range $name, $value := $env }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- with concat .root.Values.secrets .secrets | uniq }}
envFrom:
  {{- range . }}
  - secretRef:
      name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* `--celery`, for our own commands. */ -}}
{{- define "taskbeam.celery" -}}
{{- with .Values.celeryApp }}, --celery, {{ . | quote }}{{ end -}}
{{- end -}}
