{{/* User names of our processes, as the API server sees them. */}}
{{- define "fogline.policies.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:fogline-operator
{{- end }}
{{- define "fogline.policies.janitorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:fogline-janitor
{{- end }}

{{/* A list of CEL strings. */}}
{{- define "fogline.policies.strings" -}}
{{- $quoted := list }}{{ range . }}{{ $quoted = append $quoted (printf "'%s'" .) }}{{ end -}}
[{{ join ", " $quoted }}]
{{- end }}

{{/* Metadata of a policy or a binding. One release in a cluster: another one finds the names taken. Arguments: context, name. */}}
{{- define "fogline.policies.metadata" -}}
name: {{ .name }}
labels:
  {{- include "fogline.labels" .context | nindent 2 }}
{{- end }}

{{/* The binding of a policy. Arguments: context, name; action: other than Deny. */}}
{{- define "fogline.policies.binding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "fogline.policies.metadata" . | nindent 2 }}
spec:
  policyName: {{ .name }}
  validationActions: [{{ .action | default "Deny" }}]
{{- end }}

{{/* Variables of every policy that judges levels. Levels are compared by their place in the list. */}}
{{- define "fogline.policies.levels" -}}
- name: levels
  expression: "['Public', 'Internal', 'Confidential', 'Restricted']"
{{- end }}

{{/*
Variable: the place of the namespace's floor in the list; 0 without one. A floor that nobody knows counts as the highest.
Of the kinds that are matched here, each has a namespace.
*/}}
{{- define "fogline.policies.floor" -}}
- name: said
  expression: "namespaceObject.metadata.?labels[?'fogline.dev/minimum-data-sensitivity'].orValue('Public')"
- name: floor
  expression: "variables.said in variables.levels ? variables.levels.indexOf(variables.said) : 3"
{{- end }}

{{/*
CEL: every required term of a pod's node affinity demands a clearance at or above a level. Terms are alternatives, so
that one without the demand would be a way round it; and all() of no terms is true, so there must be one.
.pod: the pod's spec; .needed: the place of the level in the list.
*/}}
{{- define "fogline.policies.demandsClearance" -}}
size({{ .pod }}.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])) > 0
&& {{ .pod }}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.all(t,
t.?matchExpressions.orValue([]).exists(e, e.key == 'fogline.node-restriction.kubernetes.io/clearance' && e.operator == 'In'
&& size(e.?values.orValue([])) > 0
&& e.values.all(v, v in variables.levels && variables.levels.indexOf(v) >= {{ .needed }})))
{{- end }}

{{/* CEL: a pod has nothing of its node. .pod: the pod's spec. */}}
{{- define "fogline.policies.keepsOffTheHost" -}}
!{{ .pod }}.?hostNetwork.orValue(false) && !{{ .pod }}.?hostPID.orValue(false) && !{{ .pod }}.?hostIPC.orValue(false)
&& {{ .pod }}.?volumes.orValue([]).all(v, !has(v.hostPath))
{{- end }}

{{/* Names of the policies that the operator looks after: those that are on and deny something in every installation. */}}
{{- define "fogline.policies.watched" -}}
{{- $on := list }}
{{- $p := .Values.policies }}
{{- if $p.podClearance }}{{ $on = concat $on (list "fogline-pod-clearance" "fogline-training-clearance") }}{{ end }}
{{- if $p.children }}{{ $on = append $on "fogline-children" }}{{ end }}
{{- if $p.nodeClearance }}{{ $on = append $on "fogline-node-clearance" }}{{ end }}
{{- if $p.modelSensitivity }}{{ $on = append $on "fogline-model-sensitivity" }}{{ end }}
{{- if $p.namespaceFloor }}{{ $on = concat $on (list "fogline-namespace-floor" "fogline-floor-models" "fogline-floor-pods") }}{{ end }}
{{- if $p.operatorPlacement }}{{ $on = append $on "fogline-operator-placement" }}{{ end }}
{{- if $p.operatorObjects }}{{ $on = concat $on (list "fogline-operator-pods" "fogline-operator-deployments" "fogline-operator-jobs") }}{{ end }}
{{- if and $p.operatorObjects .Values.kubeflowTrainer.enabled }}{{ $on = concat $on (list "fogline-operator-trainingruntimes" "fogline-operator-trainjobs") }}{{ end }}
{{- if $p.kubeletPods }}{{ $on = append $on "fogline-kubelet-pods" }}{{ end }}
{{- if $p.measuredProfiles }}{{ $on = append $on "fogline-measured-profiles" }}{{ end }}
{{- join "," $on }}
{{- end }}
