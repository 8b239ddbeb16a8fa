{{/* Labels of every object. */}}
{{- define "fogline.labels" -}}
app.kubernetes.io/part-of: fogline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Metadata of a namespaced object. Arguments: context, name. */}}
{{- define "fogline.metadata" -}}
name: {{ .name }}
namespace: {{ .namespace | default .context.Release.Namespace }}
labels:
  {{- include "fogline.labels" .context | nindent 2 }}
  app.kubernetes.io/name: {{ .name }}
{{- end }}

{{/* Reference of an image. Arguments: context, image. */}}
{{- define "fogline.image" -}}
{{- $registry := .context.Values.image.registry | default .image.registry -}}
{{- $tag := .image.tag | default .context.Chart.AppVersion -}}
{{- $registry }}/{{ .image.repository }}{{ if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/* Environment variables of a process. Argument: its settings, named as in fogline.config but in camel case. */}}
{{- define "fogline.environment" -}}
{{- range $name, $value := . }}
{{- if not (kindIs "invalid" $value) }}
- name: FOGLINE_{{ $name | snakecase | upper }}
  value: {{ kindIs "string" $value | ternary $value ($value | toJson) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the pods of the operator and of the janitor have in common. Arguments: context, name, process. */}}
{{- define "fogline.pod" -}}
serviceAccountName: {{ .name }}
# the token is mounted below: bound to the pod, and good for an hour
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .context.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .context.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .process.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .process.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- include "fogline.affinity" . }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {app.kubernetes.io/name: fogline-operator}
{{- include "fogline.podSecurity" . }}
volumes:
- {name: tmp, emptyDir: {sizeLimit: 16Mi}}
{{- include "fogline.tokenVolume" . }}
{{- end }}

{{/* Where pods with rights may be. */}}
{{- define "fogline.affinity" }}
# Its token must never lie on an edge node. No kubelet may give itself the label of the control plane; the server of a
# K3s cluster has it.
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
      - matchExpressions:
        - {key: fogline.dev/tier, operator: NotIn, values: [Edge]}
        - {key: node.kubernetes.io/instance-type, operator: NotIn, values: [k3s]}
        - {key: node-role.kubernetes.io/edge, operator: DoesNotExist}
        - {key: openyurt.io/is-edge-worker, operator: NotIn, values: ["true"]}
      - matchExpressions:
        - {key: fogline.dev/tier, operator: NotIn, values: [Edge]}
        - {key: node-role.kubernetes.io/control-plane, operator: Exists}
{{- end }}

{{/* Pod Security Standards, level restricted: the pod's part. */}}
{{- define "fogline.podSecurity" }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* The container's part. */}}
{{- define "fogline.containerSecurity" }}
securityContext:
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  readOnlyRootFilesystem: true
{{- end }}

{{/* A token that is bound to its pod, with what is needed to use it. */}}
{{- define "fogline.tokenVolume" }}
- name: token
  projected:
    sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3600}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}

{{- define "fogline.tokenMount" }}
- {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}

{{/* Probes, port and writable folder of a container with /livez and /readyz. Arguments: settings, startSeconds. */}}
{{- define "fogline.serving" -}}
ports:
- {name: health, containerPort: {{ .settings.healthPort }}}
startupProbe: {httpGet: {path: /readyz, port: health}, periodSeconds: 1, failureThreshold: {{ .startSeconds }}}
readinessProbe: {httpGet: {path: /readyz, port: health}, periodSeconds: 5}
livenessProbe: {httpGet: {path: /livez, port: health}, periodSeconds: 10, failureThreshold: 6}
{{- include "fogline.containerSecurity" . }}
volumeMounts:
- {name: tmp, mountPath: /tmp}
{{- include "fogline.tokenMount" . }}
{{- end }}

{{/* A role and who has it. Arguments: context, name of the role, account (if not of the same name), rules; namespace,
empty for a ClusterRole; annotations of both. */}}
{{- define "fogline.role" -}}
{{- $kind := .namespace | empty | ternary "ClusterRole" "Role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  {{- include "fogline.roleMetadata" . | nindent 2 }}
rules:
{{ .rules | trim }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  {{- include "fogline.roleMetadata" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ $kind }}, name: {{ .name }}}
subjects:
- {kind: ServiceAccount, name: {{ .account | default .name }}, namespace: {{ .context.Release.Namespace }}}
{{- end }}

{{- define "fogline.roleMetadata" -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "fogline.labels" .context | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- . | trim | nindent 2 }}
{{- end }}
{{- end }}
