package toproto

import (
	"strings"

	"github.com/anysms/anysms/drivers/plugin/internal/driverv1"
	"github.com/anysms/anysms/provider"
)

// The words of package provider and the names of the protocol are the same
// except for case and prefix: "opted_out" is CODE_OPTED_OUT.
var (
	codes    = byWord[provider.Code, driverv1.Code](driverv1.Code_name, "CODE_")
	statuses = byWord[provider.Status, driverv1.Status](driverv1.Status_name, "STATUS_")
	kinds    = byWord[provider.EventKind, driverv1.EventKind](driverv1.EventKind_name, "EVENT_KIND_")
	verdicts = byWord[provider.VerificationResult, driverv1.VerificationResult](driverv1.VerificationResult_name, "VERIFICATION_RESULT_")
	features = byWord[string, driverv1.Feature](driverv1.Feature_name, "FEATURE_")
)

func byWord[W ~string, E ~int32](names map[int32]string, prefix string) map[W]E {
	words := make(map[W]E, len(names))
	for number, name := range names {
		words[W(strings.ToLower(strings.TrimPrefix(name, prefix)))] = E(number)
	}
	return words
}

// Code is CODE_UNSPECIFIED for an unknown word.
func Code(c provider.Code) driverv1.Code { return codes[c] }

// VerificationResult is VERIFICATION_RESULT_UNSPECIFIED for an unknown word.
func VerificationResult(v provider.VerificationResult) driverv1.VerificationResult {
	return verdicts[v]
}

// Capabilities adds FEATURE_SEND_STREAM, which is about the transport and not
// in package provider.
func Capabilities(c provider.Capabilities) *driverv1.Capabilities {
	set := []driverv1.Feature{driverv1.Feature_FEATURE_SEND_STREAM}
	for _, name := range c.Features.Names() {
		set = append(set, features[name])
	}
	var rules []string
	for _, r := range c.BatchRules {
		rules = append(rules, string(r))
	}
	return &driverv1.Capabilities{
		Features:      set,
		MaxSegments:   count(c.MaxSegments),
		MaxCharacters: count(c.MaxCharacters),
		MaxBatch:      count(c.MaxBatch),
		BatchRules:    rules,
		FindSettles:   Duration(c.FindSettles),
		ReplayFor:     Duration(c.ReplayFor),
		RateLimit:     c.RateLimit,
		MaxInFlight:   count(c.MaxInFlight),
	}
}
