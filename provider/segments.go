package provider

import "strings"

// A Receipt.ID is a list of the ids of segments and a tag, if there is one. What stands
// between them is escaped within.
const (
	segmentSeparator = ","
	tagSeparator     = ";"
	idEscape         = `\`
)

var escapeID = strings.NewReplacer(idEscape, idEscape+idEscape, segmentSeparator, idEscape+segmentSeparator, tagSeparator, idEscape+tagSeparator)

// JoinSegmentIDs makes the Receipt.ID of a message from the vendor's ids of its
// segments, for a vendor that gives each segment one; an unknown one is "". Commas,
// semicolons and backslashes of the ids are escaped by a backslash, those of a single
// id too. It is "" if all are.
func JoinSegmentIDs(ids []string) string {
	if strings.Join(ids, "") == "" {
		return ""
	}
	if len(ids) == 1 {
		return escaped(ids[0])
	}
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = escaped(id)
	}
	return strings.Join(list, segmentSeparator)
}

func escaped(id string) string {
	if !strings.ContainsAny(id, segmentSeparator+tagSeparator+idEscape) {
		return id
	}
	return escapeID.Replace(id)
}

// SegmentIDs returns the ids that [JoinSegmentIDs] joined, or the ID itself, without
// the tag of [TagID].
func SegmentIDs(receiptID string) []string {
	ids, _ := splitID(receiptID)
	return ids
}

// TagID adds to a Receipt.ID what the driver must know again when Status or Cancel is
// called with it, maybe in another process: SMPP wants the message's sender.
func TagID(receiptID, tag string) string {
	if receiptID == "" || tag == "" {
		return receiptID
	}
	return receiptID + tagSeparator + escaped(tag)
}

// IDTag returns what [TagID] has added; "" = nothing.
func IDTag(receiptID string) string {
	_, tag := splitID(receiptID)
	return tag
}

// splitID undoes JoinSegmentIDs and TagID.
func splitID(receiptID string) (ids []string, tag string) {
	if !strings.ContainsAny(receiptID, segmentSeparator+tagSeparator+idEscape) {
		return []string{receiptID}, ""
	}
	var part strings.Builder
	tagged := false
	for i := 0; i < len(receiptID); i++ {
		c := receiptID[i]
		switch {
		case c == idEscape[0] && i+1 < len(receiptID):
			i++
			part.WriteByte(receiptID[i])
		case !tagged && (c == segmentSeparator[0] || c == tagSeparator[0]):
			ids, tagged = append(ids, part.String()), c == tagSeparator[0]
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	if tagged {
		return ids, part.String()
	}
	return append(ids, part.String()), ""
}

// OfSegment makes a report whose ID is that of a segment, from 1, one about its
// message: the ID becomes the message's. A segment that was delivered is a message
// that is on its way, as long as there are others.
func (e Event) OfSegment(receiptID string, number, of int) Event {
	e.Segment = &EventSegment{Ref: receiptID, Number: number, Of: of, Status: e.Status}
	e.ID = receiptID
	if e.Status == StatusDelivered {
		e.Status, e.Final = StatusSent, false
	}
	return e
}
