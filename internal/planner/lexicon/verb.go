package lexicon

import "strings"

// verbText has regular verbs that link one thing to another in questions of
// every trade; forms gives their endings. Irregular ones are spelled out.
const verbText = `accept accommodate achieve acquire act add administer adopt advise affect allow allocate announce appear apply appoint approve arrange arrive
assess assign assist attach attend attract audit author authorise authorize award base belong bill board book borrow born bottle broadcast call capture care carry cast cause
certify change charge chair chose claim classify coach collaborate collect commission complete compose conduct connect consult contact contain continue contribute
cooperate cover create cure date dedicate define deliver depart deploy deposit design destroy detect develop diagnose direct discover dispatch display dispose donate
earn educate elect eliminate employ enable encounter end endorse enroll enrol enter establish evaluate examine exceed exhibit export face feature file finance finish
follow form fund gain gather generate govern graduate grant guide handle happen harvest head help hire host identify impact implement import incur infect influence
inherit inspect install interact introduce invest investigate involve issue join kill label launch lease lecture license like list live load loan locate log
maintain make manage manufacture marry measure mention merge move negotiate nominate nurse observe obtain occupy occur offer open operate order organise organize originate
oversee own paint park participate pass patrol perform permit pick pilot place plan plant play post practice practise prescribe present preside process procure produce program
promote propose provide publish purchase qualify race raise rank rate reach receive recommend record recruit refer register reject relate release remain rent repair report represent
request require rescue reserve reside respond result retain return review reward ride sail sample save schedule score seat secure select serve settle share ship sign solve
specialise specialize spend sponsor staff stage star start station stay stock stop store stream study submit suffer supervise supply support surround switch tag tackle target test
tour track trade train transfer transport travel treat trigger tweet undertake unload update upgrade upload use utilise utilize vaccinate value verify view violate visit volunteer vote warrant watch
wed weigh win work wound award admit host occupy owe pay prefer select sponsor`

const irregularForms = `lasts lasted lasting fall falls fallen became become went gone ran run flew flown drew drawn wrote written sang sung swam swum rode ridden drove driven ate eaten fought grew grown
threw thrown caught taught brought bought sought thought sent spent lent built dealt felt kept slept left lost met held told sold led fed read won hung shot sat stood understood
began begun took taken gave given got gotten chose chosen broke broken spoke spoken wore worn bore borne rose risen fell fallen saw seen did done came come knew known
laid paid said made hit cut put set cost bred bound found ground wound spun swung dug stuck struck stole stolen underwent undergone oversaw overseen lain`

// forms gives a regular verb's endings.
func forms(v string) []string {
	stem := strings.TrimSuffix(v, "e")
	switch {
	case stem != v:
		return []string{v, v + "s", v + "d", stem + "ing"}
	case strings.HasSuffix(v, "y") && !strings.ContainsRune("aeo", rune(v[len(v)-2])):
		return []string{v, v[:len(v)-1] + "ies", v[:len(v)-1] + "ied", v + "ing"}
	case strings.HasSuffix(v, "s") || strings.HasSuffix(v, "sh") || strings.HasSuffix(v, "ch") || strings.HasSuffix(v, "ss"):
		return []string{v, v + "es", v + "ed", v + "ing"}
	}
	out := []string{v, v + "s", v + "ed", v + "ing"}
	if doubled[v] {
		d := v + v[len(v)-1:]
		out = append(out, d+"ed", d+"ing")
	}
	return out
}

// nouns are verbs whose plain form is more often a noun: only what ends as
// verbs do is taken for one.
var nouns = set(`act address audit author award bill board book bottle broadcast call capture care cause charge chair claim coach cover date deposit design display
	donate employ end exhibit export face feature file film finance form fund gain grade grant guide harvest head help host impact import influence interact issue join label
	land launch lease lecture license list load loan log market match measure merge name nurse offer order own paint park pass patrol permit pick pilot place plan plant play post practice
	process produce program promote purchase race raise rank rate record rent repair report request rescue reserve result return review reward ride sail sample save schedule score seat
	settle share ship sign spend sponsor stage star start station stay stock stop store stream study supply support surround switch tag target test tour track trade train transfer
	transport travel treat trigger tweet update upgrade use value view visit volunteer vote watch wed weigh win work wound admit cost last`)

var doubled = set("admit commit enrol log permit plan prefer program refer ship stop submit tag transfer travel label wed")

// Doing tells a verb whose plain form is more often a noun (watch, visit,
// order), for places where only a verb can stand.
func Doing(w string) bool { return nouns[w] }

// addVerbs enters the verbs that no other line of phrases has.
func addVerbs(m map[string]Phrase) {
	for v := range strings.FieldsSeq(verbText) {
		for _, f := range forms(v) {
			if nouns[v] && (f == v || f == v+"s" || f == v+"es") {
				continue
			}
			if _, ok := m[f]; !ok {
				m[f] = Phrase{Kind: Verb}
			}
		}
	}
	for f := range strings.FieldsSeq(irregularForms) {
		if _, ok := m[f]; !ok {
			m[f] = Phrase{Kind: Verb}
		}
	}
}
