package lexicon

import "strings"

// Kind is what a phrase does in a question. Kinds are letters so that a
// question's shape is a string that patterns can be matched against.
type Kind byte

// The kinds of phrases. Column, Table, Value and Unknown never come from here:
// the planner finds them in the model.
const (
	Count     Kind = '#' // how many, number of
	Agg       Kind = 'a' // average, total
	Compare   Kind = '>' // more than, before
	Super     Kind = 's' // highest, oldest
	Most      Kind = 'm' // most, fewest: of rows or of a number
	Frequent  Kind = 'q' // most common
	Each      Kind = 'e' // for each, per
	By        Kind = 'y' // by, grouped by
	Sort      Kind = 'o' // sorted by
	Direction Kind = 'd' // descending
	Not       Kind = '!'
	And       Kind = '&'
	Or        Kind = '|'
	Be        Kind = 'b'
	Have      Kind = 'h' // has, with
	Prep      Kind = 'p'
	Relative  Kind = 'w' // who, that, whose
	Distinct  Kind = 'u'
	Like      Kind = '~' // contains, starts with
	Top       Kind = 'l' // top, first
	Between   Kind = 'k'
	Both      Kind = 'j'
	Either    Kind = 'i'
	Verb      Kind = 'v' // links rows: live in, bought by
	Filler    Kind = 'z' // says nothing about which rows
	Null      Kind = 'n'
	Exists    Kind = 'x' // at least one, any, some
	Whole     Kind = '$' // all information
	Beyond    Kind = '@' // asks for what no form here holds
	Write     Kind = '^' // asks to change data: refused
	Chat      Kind = '*' // asks the planner about itself: refused
	Also      Kind = '+' // as well as, along with: the list goes on
	Times     Kind = 't' // times: rows
	Measure   Kind = 'H' // how old, how long: the column that measures it
	Share     Kind = '%' // what share of: a part of the whole
	Period    Kind = 'M' // by month: periods of a date
	Number    Kind = 'N'
	Comma     Kind = ','
	Stop      Kind = '.'
)

// Phrase is what a sequence of words does, and to what: an aggregate's or
// comparison's operator, a superlative's direction.
type Phrase struct {
	Kind Kind
	Arg  string
}

// MaxPhrase is the longest phrase in words.
const MaxPhrase = 6

// Lookup gives what the words do together, by their lower-case text.
func Lookup(words string) (Phrase, bool) {
	p, ok := phrases[words]
	return p, ok
}

var phrases = read(phraseText)

func read(text string) map[string]Phrase {
	m := map[string]Phrase{}
	for line := range strings.Lines(text) {
		head, list, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		kind, arg, _ := strings.Cut(strings.TrimSpace(head), " ")
		for p := range strings.SplitSeq(list, "|") {
			m[strings.TrimSpace(p)] = Phrase{Kind: Kind(kind[0]), Arg: arg}
		}
	}
	addVerbs(m)
	addOrEqual(m)
	addPeriods(m)
	addLikes(m)
	addKinds(m)
	addOrders(m)
	return m
}

// addOrEqual enters "larger than or equal to" and its like.
func addOrEqual(m map[string]Phrase) {
	for op, words := range map[string]string{"ge": "greater larger higher bigger more above over", "le": "smaller less lower fewer below under"} {
		for w := range strings.FieldsSeq(words) {
			for _, tail := range []string{" than or equal to", " than or equals to", " than or the same as", " or equal to", " than or equal"} {
				m[w+tail] = Phrase{Compare, op}
			}
		}
	}
}

// addPeriods enters "by month", "monthly", "which month" and their like.
func addPeriods(m map[string]Phrase) {
	for _, g := range []struct{ unit, ly string }{{"day", "daily"}, {"week", "weekly"}, {"month", "monthly"}, {"quarter", "quarterly"}, {"year", "yearly"}} {
		p := Phrase{Period, g.unit}
		for _, before := range strings.Fields("by per each every which what") {
			m[before+" "+g.unit] = p
		}
		for _, before := range []string{"for each", "for every", "in each", "in every", "in which", "by calendar", "grouped by", "of each", "broken down by", "split by", "over the"} {
			m[before+" "+g.unit] = p
			m[before+" "+g.unit+"s"] = p
		}
		m[g.unit+" by "+g.unit], m[g.unit+" over "+g.unit], m[g.ly], m["on a "+g.ly+" basis"] = p, p, p, p
	}
	m["annually"], m["over time"], m["trend of"], m["the trend of"], m["trend in"] = Phrase{Period, "year"}, Phrase{Period, "month"}, Phrase{Period, "month"}, Phrase{Period, "month"}, Phrase{Period, "month"}
}

// addKinds enters "how many different kinds of" and their like.
func addKinds(m map[string]Phrase) {
	for count := range strings.SplitSeq("how many|number of|the number of|count the number of|find the number of", "|") {
		for _, many := range strings.Fields("different distinct unique various") {
			for _, kind := range strings.Fields("kinds types sorts kind type sort") {
				m[count+" "+many+" "+kind+" of"] = Phrase{Count, "kinds"}
			}
		}
		for _, kind := range strings.Fields("kind type sort sorts") {
			if k := count + " " + kind + " of"; m[k].Kind == 0 {
				m[k] = Phrase{Count, "kinds"}
			}
		}
	}
}

// addLikes enters "has the letter", "starting with the word" and their like.
func addLikes(m map[string]Phrase) {
	whats := strings.Fields("letter letters word words phrase string substring text character characters")
	for _, l := range []struct{ arg, verbs string }{
		{"contains", "contain|contains|containing|contained|include|includes|including|have|has|having|with|as"},
		{"starts", "start with|starts with|starting with|begin with|begins with|beginning with|started with"},
		{"ends", "end with|ends with|ending with|finish with|finishes with"},
	} {
		for v := range strings.SplitSeq(l.verbs, "|") {
			for _, what := range whats {
				for _, article := range []string{" ", " the ", " a "} {
					m[v+article+what] = Phrase{Like, l.arg}
				}
			}
		}
	}
}

// phraseText has one line per kind and argument. In a superlative's or
// comparison's argument, what follows the operator names the idea that is
// measured, to be found among a table's columns by Ideas.
const phraseText = `
# = the number and | the number and the | number and the | how many kinds of | how many types of | number of kinds of | the number of types of | number of types of | the number of kinds of | how many | how many are there | and how many are there | how many there are | and how many there are | and how many | number of | the number of | count of | the count of | count the number of | count | total number of | the total number of | total count of | hom many | how many of | number of times | how many times | how often | the count for | count the total number of | count total number of | the number of different | the total count of | find the number of | count how many | amount of different | a count of
a avg = average | mean | avg | averaged | on average | the average of | average value of | in average
a max = maximum | max | maximal
a min = minimum | min | minimal
a sum = total | sum | total amount of | sum of | combined | overall | total sum of | total value of | summed
> gt = higher | greater | larger | bigger | a higher | a larger | a greater | a bigger | more than | greater than | larger than | higher than | above | over | exceeding | exceeds | exceed | bigger than | in excess of | > | is more than | more | strictly more than | strictly greater than | strictly above | strictly larger than
> lt = lower | smaller | a lower | a smaller | less | fewer | less than | fewer than | smaller than | lower than | below | under | < | strictly less than | strictly below | at under | strictly lower than
> ge = at least | no less than | not less than | or more | >= | minimum of | a minimum of | greater than or equal to | more than or equal to | no fewer than | or higher | or above | or older | or greater
> le = at most | no more than | not more than | up to | <= | less than or equal to | maximum of | a maximum of | not exceeding | or less | or fewer | or below | or lower | or younger | or lower | at maximum
> eq = equal to | equals | exactly | equal | is exactly | = | same as
> ne = not equal to | != | <> | other than | different from | except | excluding | except for | besides | apart from | differs from
> gt:age = older than | aged over | over the age of | above the age of | elder than
> lt:age = younger than | aged under | under the age of | below the age of
> gt:time = after | later than | since after | newer than | more recent than
> lt:time = before | earlier than | prior to
> ge:time = or later | or after | since | in or after | on or after | in and after | from or after | on or after | starting from
> le:time = or earlier | or before | until | in or before | by the end of | on or before
> gt:length = longer than
> lt:length = shorter than
> gt:height = taller than
> gt:weight = weigh more than | weighs more than | weighing more than | heavier than
> lt:weight = weigh less than | weighs less than | weighing less than | lighter than
> gt:price = cost more than | costs more than | costing more than | cost over | costs over | priced above | priced over | priced at more than | more expensive than | costlier than
> lt:price = cost less than | costs less than | costing less than | cost under | priced below | priced under | cheaper than | less expensive than
> gt:speed = faster than
> gt:pay = earn more than | earns more than | earning more than | paid more than | make more than | makes more than
> lt:pay = earn less than | earns less than | earning less than | paid less than
> ge:price = cost at least | costs at least
> lt:speed = slower than
s max:rating = most highly rated | highly rated | most highly-rated | highest-rated | best-rated | top-rated | highest rated | best rated | top rated | best
s min:rating = most poorly rated | poorly rated | lowest-rated | worst-rated | lowest rated | worst rated | worst
s min:pay = lowest paid | lowest earning | worst paid | least paid
s max = highest | largest | biggest | greatest | top most | max number of | maximum number of
s min = lowest | smallest | min number of | minimum number of
s max:age = oldest | eldest
s min:age = youngest
s max:time = latest | newest | most recent | most recently | last
s min:time = earliest | first ever
s max:length = longest | longest time | longest amount of time | longest period of time | longest period | most time
s min:length = shortest | shortest time | shortest amount of time | shortest period of time | shortest period | least time
s max:height = tallest
s max:weight = heaviest
s min:weight = lightest
s max:price = highest priced | most expensive | priciest | costliest | dearest
s min:price = lowest priced | cheapest | least expensive
s max:pay = made the most money | earns the most money | earn the most money | paid the most | paid most | earn the most | earns the most | earned the most | make the most money | makes the most money
s min:pay = makes the least money | made the least money | earns the least money | earn the least money | makes the least | paid the least | paid least | earn the least | earns the least | earned the least | make the least money
s max:price = cost the most | costs the most | costing the most
s min:price = cost the least | costs the least | costing the least
s max:weight = weigh the most | weighs the most
s min:weight = weigh the least | weighs the least
s max:speed = fastest
s min:speed = slowest
s max:area = 
s max:pay = best paid | highest paid | highest earning | top earning
s max:population = most populous | most populated
s min:population = least populous
s max:capacity = most spacious
m max = most | the most | most number of | the most number of | greatest number of | largest number of | highest number of | largest amount of | the largest number of | the greatest number of | the highest number of | the maximum number of | biggest number of | maximum amount of | highest amount of | greatest amount of
m min = least | fewest | the fewest | the least | least number of | smallest number of | lowest number of | fewest number of | the smallest number of | the lowest number of | the least number of | minimum amount of | least amount of
q max = the majority of | majority | makes up the majority of | make up the majority of | makes up most of | has the majority of | most common type of | most common kind of | the most number of times | most number of times | the most times | most times | the most often | the most frequently | most common | most popular | most frequent | most frequently | most commonly | most often | commonest | most frequently used | most commonly used | most used | most prevalent | most prominent | most common and
q min = the fewest number of times | fewest number of times | the least number of times | least number of times | the fewest times | least often | the least often | less often | least common | least popular | least frequent | least frequently | rarest | least used | least commonly used
e = for each of the | of each of the | in each of the | each of the | for each | for every | in each | of each | per | each | for each of | every | by each | on each | at each | with each | from each | to each | in every | of every | for all different | for different | grouped by | group by | for each different | for each distinct | in each of | across each | corresponding to each | under each | each of | belonging to each
y = according to the | according to | in terms of the | in terms of | broken down by | split by | by
o = sort first by | and sort first by | sorted first by | ordered first by | order first by | first sorted by | sort the results by | sorted the results by | ordered the results by | and sort the results by | and sorted the results by | sort the result by | and order the results by | and list them by | sort | sort the list | sort the results | sort the result | order the results | sort them | listed | arranged | in the order | in order | order the list by | and sort | rank | order the result | order them | order results by | sorted by the | in sorted order | in sorted order of | in the sorted order of | sorted in order of | sorted by their | ordered by their | sort by the | order by the | ordered by the | in the order | and order by | and sort them by | and order them by | sort list by | displayed by | shown in | sorted in the order of | sorted by | ordered by | order by | sort by | sorted in | in order of | in the order of | ordered in | in order by | arranged by | sorted | ordered | ranked by | listed by | order of | sort the results by | order the results by | sort them by | order them by | sort the list by | sort results by | and sort by | sorted according to | ordered according to | listed in | arranged in | sort the result by | list them in | order the result by | in an order of | sorting by | sorted alphabetically by | ordered alphabetically by | sort the list in | order them in | sort them in | rank them by | order the list by | arrange them by
d asc = oldest to the newest | oldest to the most recent | earliest to the latest | youngest to the oldest | smallest to the largest | lowest to the highest | ascendingly | in an ascending manner | from small to large | from small to big | from least to greatest | from fewest to most | from young to old | from cheap to expensive | from short to long | lowest first | smallest first | oldest first | earliest first | with the lowest first | with the smallest first | from the least to the most | from the smallest to the greatest | from the smallest to the biggest | from worst to best | from cheapest to most expensive | from the oldest to the most recent | from smallest to greatest | from smallest to biggest | ascendant | by ascending | by ascending order of | from the lowest to the highest | from the smallest to the largest | from the youngest to the oldest | from the oldest to the newest | from the earliest to the latest | from the earliest to the most recent | from earliest to most recent | in order from lowest to highest | ascending | ascending order | in ascending order | in ascending order of | ascending order of | increasing | in increasing order | increasing order | from low to high | from lowest to highest | from smallest to largest | lowest to highest | asc | ascendingly | from youngest to oldest | from earliest to latest | from oldest to newest | from early to late | low to high | smallest to largest | from least to most | least to greatest | from shortest to longest | an ascending order | in an ascending order | in an ascending order of | in increasing order of | youngest to oldest | ascending order by | in ascending order by
d abc = alphabetic | in alphabetic order | alphabetic order of | by alphabetical order | by alphabetical order of | ordered alphabetically | sorted alphabetically | sorted lexicographically | in the alphabetical order of | in the alphabetical order | alphabetical | alphabetically | alphabetical order | in alphabetical order | lexicographical order | lexicographically | in lexicographical order | lexicographic order | in alphabetical order of | alphabetic order | alphabetical order of | alphabetical order by | in alphabetical ascending order | in lexicographic order | in alphabetical order by | in lexicographical order of | ascending alphabetical order | alphabetical oder
d desc = in a descending manner | from large to small | from big to small | from greatest to least | from most to least | from old to young | from expensive to cheap | from best to worst | from high to low | from greatest to smallest | from biggest to smallest | from greatest to fewest | from long to short | from late to early | descendingly | with the highest first | with the largest first | highest first | largest first | latest first | newest first | most recent first | most recent to the oldest | newest to the oldest | latest to the earliest | oldest to the youngest | largest to the smallest | highest to the lowest | from the greatest to the least | from the most to the least | from the greatest to the smallest | from the biggest to the smallest | in descending lexicographical order | descending lexicographical order | descending alphabetic order | by descending | by descending order of | from the highest to the lowest | from the largest to the smallest | from the oldest to the youngest | from the newest to the oldest | from the latest to the earliest | from most recent to oldest | from most expensive to cheapest | from most to fewest | from z to a | in reversed order of | in reverse order of | descending | descending order | in descending order | in descending order of | descending order of | decreasing | in decreasing order | decreasing order | from high to low | from highest to lowest | from largest to smallest | highest to lowest | desc | from oldest to youngest | from latest to earliest | from newest to oldest | from late to early | high to low | from most to least | reverse alphabetical order | in reverse alphabetical order | descending alphabetical order | in descending alphabetical order | from longest to shortest | a descending order | in a descending order | in a descending order of | in decreasing order of | greatest to least | oldest to youngest | reverse order | in reverse order | most to least | largest to smallest | descending order by | in descending order by
! = non | outside | outside of | outside the | other than in | not | no | without | never | none | neither | nor | without any | do not | does not | did not | not any | do not have | does not have | did not have | with no | have no | has no | had no | have not | has not | had not | that are not | is not | are not | was not | were not | not in | who are not | but not | and not | no longer | without a | without an | have never | has never | had never | do not have any | does not have any | did not have any | have not had any | has not had any | have not had | do not have a | does not have a | have not been | has not been | had not been | had no | with not | never had | never been | have never been | have never had | lack | lacks | lacking | don 't | missing | not have any | not have | not been
& = but also | and then by | then by | and that also | and | & | but | and also | as well as | together with | along with | and the | and their | and its | and corresponding | and also the | in addition to | and for | also | plus | and the corresponding | with their | with their corresponding | with its | and which | and also their | with the corresponding | and that | and who | and are | and is | and whose | and have | and has | and with | and in | and was | and were | and had | and of
+ = and what | and what is | and what are | and what is the | and also list | and list | and show | and give | and return | and find | and also show | and tell | and when | and where | and report | and display | and what was | and what were | and also return | and also give | as well as what | and then list
| = or were | or was | or who | or that | or which | or had | or | or else | or in | or are | or is | or have | or has | or whose | or with | or by
b = is | are | was | were | be | been | being | 's | equal to the | as | becomes | become | is in | am
h = have | has | had | with | having | include | includes | including | that have | that has | who have | who has | which have | which has | own | owns | possess | associated with | that had | who had | containing | have been | has been | had been | have had | has had | got
p = part of | a part of | that are part of | members of | of | in | for | from | at | on | to | within | into | among | amongst | across | under the | during | through | of the | in the | for the | from the | at the | on the | to the | out of | across all | of all | for all | in all | from all | of any | about | towards | against | inside | belonging to | corresponding to | belong to | belongs to | involved in | related to | based in | located in | located at | located | in which | for which | on which | to which | at which | of which | from which | by which | related with | via | upon | regarding | around | between all | using | near | off
w = who | that | which | whose | where | whom | when | and who | and that | and which | such that | and where | where the | in that
u = different | distinct | unique | distinctive | all different | all distinct | the distinct | the different | the unique | various | not repeated | without repetition | without repetitions | without duplicates | uniquely | differing
~ contains = has a name like | have a name like | with a name like | name like | names like | is like | are like | has a word | has the text | contains | contain | containing | contain the word | contains the word | containing the word | that contain the word | contains the substring | contain the substring | containing the substring | containing the letter | contains the letter | contain the letter | include the word | includes the word | including the word | has the word | have the word | contain the phrase | contains the phrase | containing the phrase | with the word | contains the text | has the substring | have the substring | with the substring | substring | contains the string | contain the string | including the substring | include the substring | includes the substring | includes the letter | with the letter | the letter | the word | has the letter | having the word | has a substring | containing the string | contains the name | having the letter | containing a | contains letter | contain letter | includes
~ starts = whose first letter is | first letter is | has the first letter | whose initial letter is | have names starting with | start with | starts with | starting with | begin with | begins with | beginning with | start with the letter | starts with the letter | starting with the letter | begins with the letter | begin with the letter | prefixed with | starts with letter | start with letter | beginning with the letter | has prefix | have prefix | with prefix | with a prefix | starting with letter | beginning with letter | has a prefix | starts with the prefix | start with prefix | starting from the letter | have the prefix | with the prefix
~ ends = whose last letter is | last letter is | end with | ends with | ending with | end with the letter | ends with the letter | ending with the letter | suffixed with | has suffix | with suffix | have suffix | ends with letter | with a suffix
l = top | first | the top | bottom
k = within the range | within the range of | in the range between | within a range of | in the range | anywhere between | somewhere between | between | ranging from | in the range of | in the range from | ranges from | between the | in the range | in between | in range
j = both | both in | both of | at the same time
i = either
n = null | missing value | empty | unknown | not available | blank | unspecified | null value | null values
x = at least one | any | some | one or more | at least 1 | 1 or more | a certain | more than zero | more than 0 | atleast one
$ = information | all information | all the information | all info | full information | all details | all the details | complete information | all of the information | all records | all attributes | all fields | all columns | all their information | every detail | information of all | full details | all available information | all data | all of their information
z = anywhere | even once | find out | list out | that way | this way | numbered | full | not only | in record | in the past | in all | so far | yet | till now | until now | to date | already | respective | individual | check | in detail | out of all | to each one | for each one | in each one | of each one | the result | the results | list the result | list the results | show the results | show the result | the list of | the | in our record | in our records | in the record | in the records |  he or she | his or her | him or her |  amount of | the amount of | in usd | in dollars | dollars | usd | in euros | euros | in meters | meters |  each of them | of each of them | for each of them | by each of them | himself | herself | he | she | s | very | presently | more specifically | that there are | also | too | either of |  a | an | all | show | list | find | give | me | us | please | return | what | what is | what are | what were | what was | which | do | does | did | there | here | their | its | his | her | tell | display | get | provide | report | retrieve | select | compute | calculate | i | we | you | can | could | would | will | want | to know | know | let | see | it | they | them | these | those | this | who are | who is | who was | who were | whats | name of all the | currently | current | present | respectively | only | just | data | following | corresponding | each one | total of | available | existing | existed | exist | exists | so | exactly how | actually | one | ones | ever | is there | are there | do we have | there are | there is | in total | in the database | in our database | our | my | also give | also show | in this | value | values | which one | belong | that is | that are | identify | well | overall list | when was | when is | when were | when did | where is | where are | where was | the one | the ones | entire | along | on file | on record | whole | return me | full list of | list of | a list of | the list of | list out | list down | if | then | than | other | others | another | given | certain | specific | particular | total count | say | like | please show | please list | at all | search for | fetch | enumerate | state the | describe | print | output | together | per se | in them | in it | of them | for them | for it | with them | in their | of their | for their | from their | at their | on their | in its | of its | for its | by them | by it | thing | the list | the names list | what kind of | kind of | all kinds of | different kinds of | what different | the kinds of | called | named | is called | are called | titled | entitled | named as | known as | who had the | type of all | a total of | exact | possible | such | now | up | their own | own own | someone | anyone | anybody | everyone | everybody | something | anything | person who | people who | those who | where do | where does | when do | when does | who do | who does | to be | may | might | shall | should | must | have to | be able to | hey | hi | kindly | would like | need | needs to | looking for | i want | i need | give me | show me | tell me | tell us | let me | in question | itself | themselves | relevant | particularly | the following | include only | return only | some of
t = times | time or more | occasions | many times
H age = years old | year old | years of age | how old
H length = how long | for how long
H height = how tall | how high
H price = how much | how expensive
H distance = how far
H speed = how fast
H area = how big | how large
H weight = how heavy
% percent = what percentage of | the percentage of | percentage of | what percent of | the percent of | percent of
% = what share of | the share of | share of | what proportion of | the proportion of | proportion of | what fraction of | the fraction of | fraction of
@ reports = report to | reports to | reporting to | reported to | works under | work under | working under
@ = starting with the | beginning with the | same | the same | how | apiece | ratio  | difference between | second highest | second largest | second most | third highest | every other | at any time | any other | exactly the same | more often than | respectively to
^ = delete | insert | update | drop | remove | truncate | alter | create table | modify | rename | erase | grant | revoke | overwrite | purge | wipe | set the | add a new | add new | add a | change the | write a | change all | replace all | add the | insert into
* = hello | thanks | thank you | weather today | joke | your name | who are you | help me | what can you do | predict | forecast | recommend | suggest | why | explain | opinion | best way | should i | should we | poem | how do i | how can i | how to | how should | what should | ignore | previous instructions | translate | story
v = leave | leaves | leaving | join the company | joined the company | leave the company | left the company | leave the organization | join the organization | join the team | joins the company | leaves the company | take effect | takes effect | makes an effect | make an effect | take place | takes place | took place | taken place | taking place | come from | comes from | came from | live | correspond | corresponds | help | helps | helped | purchase | purchased | purchases | tweeted | payed | launched | require | requires | required | reserved | interact | interacts | enrolled | stationed | developed | designed | develop | design | designs | manufactured | manufacture | manufactures | recorded | listed in | stored | represent | represents | represented | supervise | supervises | supervised | serves as | authored | composed | painted | sailed | checked | hails | hail | supplied by | granted | awarded | logged | accessed | documented | mentioned | met | checked in |  lives | living | lived | work | works | working | worked | use | used | uses | make | made | makes | take | takes | took | taken | taking | play | plays | played | playing | produced | produce | produces | teach | teaches | taught | teaching | buy | bought | buys | sell | sells | sold | hold | holds | held | holding | offer | offers | offered | provide | provided | provides | belonged | belongs | come | comes | came | coming | go | goes | went | join | joined | joins | participate | participated | participates | participating | participate in | attend | attended | attends | attending | visit | visited | visits | written | write | wrote | writes | made by | done | run | runs | running | ran | place | placed | placing | places | order | ordered | orders | register | registered | enroll | enrolled | enrolls | study | studying | studies | studied | hire | hired | hires | treat | treated | manage | managed | manages | managing | lead | led | leads | own | owned | owning | receive | received | receives | get | gets | release | released | releases | build | built | stay | stayed | stays | staying | contained | happen | happened | occur | occurred | serve | serves | served | serving | perform | performed | performs | direct | directed | start | started | starts | starting | end | ended | ends | ending | open | opened | opens | located | issue | issued | issues | sign | signed | win | won | wins | winning | lose | lost | cost | costs | costing | weigh | weighs | reach | reached | employ | employed | employs | employing | created | create | creates | published | publish | publishes | carried | carry | carries | apply | applied | applies | sent | send | sends | belong to | found | founded | depart | departing | departs | departed | arrive | arriving | arrives | arrived | fly | flying | flies | flew | born | died | affiliated | associated | assigned | assign | involved | related | linked | connected | concerned | supplied | supplies | supply | based | headquartered | situated | named after | classified | categorized | described | paid | pay | pays | earn | earns | earned | earning | spend | spent | spends | kept | keep | keeps | specialize | specializes | conduct | conducted | compete | competed | competing | competes | hosted | host | hosts | hosting | given to | gave | gives | giving | charge | charged | owned by | ride | rode | driving | drive | drives | driven | speak | spoken | speaks | sponsor | sponsored | sponsors | shared | store | stored | stores | appear | appears | appeared | shown | do have | set | sets | show up | covered | cover | covers | added | followed | follow | follows | following | rated | rate | wear | wearing | affiliated with | supported | supports | support | made up | advise | advises | advised | prescribe | prescribed | prescribes | graduate | graduated | trained | train | trains | training | completed | complete | transferred | acted | act | acts | acting | starred | star | scored | score | scores | reviewed | sang | sung | sing | sings | recorded in | recorded by | dated | administered | undergone | undergo | undergoes | underwent | undergoing | residing | resides | reside | resided | delivered | submit | submitted | submits | approve | approved | owned | maintained | fixed | borrow | borrowed | rent | rented | rents | book | booked | booking | consist | consists | consisting | operate | operated | operates | operating | affected | affect | affects | increased | adopt | adopted | occupy | occupied | occupies | occupying | feature | featured | features | featuring | nominate | nominated | nominates | caused | cause | causes | hire | elected | elect | elects | married | list in | invested | bear | bore
`
