{{/* Name of the probe of a client site: one is the value of a label, which no name of a Service need be. */}}
{{- define "fogline.collector.probeName" -}}
fogline-probe-{{ . | sha256sum | trunc 8 }}
{{- end }}

{{/* Where probes answer, as JSON; empty without any. */}}
{{- define "fogline.collector.probes" -}}
{{- $found := list }}
{{- range .Values.collector.probes }}
{{- $url := printf "http://%s.%s.svc:%d" (include "fogline.collector.probeName" .clientSite) $.Release.Namespace (int $.Values.collector.probe.settings.probePort) }}
{{- $found = append $found (dict "clientSite" .clientSite "url" $url) }}
{{- end }}
{{- with $found }}{{ toJson . }}{{ end }}
{{- end }}

{{- define "fogline.collector.tokenMount" -}}
- {name: probe, mountPath: /etc/fogline/probe, readOnly: true}
{{- end }}
