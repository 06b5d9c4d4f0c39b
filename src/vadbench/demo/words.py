"""Every word that the weights of the demo's model keep; the rows of all others in its vocabulary are zero."""

import re

from vadbench.demo import texts

_OTHER_BENCHMARKS = """
UCF-Crime: normal abuse arrest arson assault burglary explosion fighting roadaccidents road accidents
robbery shooting shoplifting stealing vandalism
XD-Violence: riot car accident abuse explosion violence violent
UBnormal: running having a seizure laying lying down shuffling walking drunk people and car accident crash
injured smoke jaywalking dancing sleeping crawling jumping falling sick chasing staggering stumbling
limping collapse rotating rotate spinning degrees outside lane stumble jumps jump crawls crawl sleeps sleep
ShanghaiTech: chasing brawling fighting loitering biking bike bicycle motorcycle motorbike scooter
skateboard skateboarding skater stroller pushing cart vehicle robbing throwing object jumping sudden
motion wrong way skateboards skateboarders strollers chased jumped climbs
Avenue: running throwing papers paper bag loitering dancing wrong direction strange action abandoned
object child tossing trolley strangely
Ped2: biker bikers cyclist cyclists skaters cart carts wheelchair wheelchairs truck car grass walkway
pedestrian pedestrians campus
NWPU: climbing fence tree crossing square lawn footpath kicking trash can snatching bag turn wrong
littering forgetting backpack u battering driving side suddenly stopping conflict group scuffle illegal
parking trucks protest playing with water photographing restricted area dog dogs stealing bicycles
protesting climb middle group playing waters trespassing fences trees lawns backpacks forgotten crosses
"""
"""Classes and events of the real benchmarks, so that their label texts pass."""

_QUERY_WORDS = """
a an the of in on at by to from with without and or not no nobody nothing something someone somebody
anyone i is are was were be being been it its this that these those there their them they he she his her
him each other another one two three four five several many few group groups crowd crowds some all any
more less very person persons people human humans man men woman women child children boy girl police
officer officers thief thieves robber attacker victim driver rider worker customer clerk soldier student
students pedestrian photo picture image images frame frames video videos scene scenes view camera cctv
surveillance footage clip recording normal abnormal anomaly anomalous unusual usual ordinary strange
suspicious dangerous danger violent peaceful quiet calm behaviour behavior activity action event events
incident accident emergency crime criminal street streets road roads square plaza park parking lot garage
hall building buildings house shop store mall bank station office school campus corridor room kitchen
entrance exit stairs escalator elevator platform bridge tunnel crosswalk sidewalk pavement footpath
highway intersection crossing field lawn beach market restaurant indoor indoors outdoor outdoors inside
outside day night daytime dark bright empty blank crowded busy background foreground sky ground grass wall
tree trees floor tile tiles desk cabinet chair chairs door doors window windows table bench sign signs
light lights lamp pole bin trash garbage can box bag backpack suitcase bottle umbrella walk walks walking
walked stand stands standing stood talk talks talking conversation sit sits sitting lie lies lying laying
lay run runs running ran jog jogs jogging jogger joggers ride rides riding cycle cycles cycling cyclist
bicycle bicycles bike bikes motorbike motorcycle scooter skateboard drive drives driving drove parked bend
bends bending bent over pick picks picking up put carry carrying hold holding wait waiting look looking
fight fights fighting brawl brawls brawling punch punches punching kick kicks kicking hit hits hitting
push pushes pushing shove shoving wrestle wrestling knock knocks knockout knocking beat beats beating
attack attacks attacking assault assaulting strangle slap throw throws throwing shoot shoots shooting shot
gun guns weapon weapons knife stab stabbing robbing rob robbery robbers steal steals stealing stolen
burglar burglary break breaks breaking broken smash smashing vandalism vandalise vandalize damage damaged
destroy destroying graffiti shoplift shoplifting shoplifter arrest arrests arrested arresting handcuff
handcuffs abuse abusing bully bullying fire fires flame flames smoke burn burns burning burned ignite
ignites igniting arson explosion explosions explode explodes exploding blast bomb car cars vehicle
vehicles truck trucks bus van taxi train traffic jam crash crashes crashed crashing collision collisions
collide collides colliding wreck wrecks debris overturned rolled fall falls falling fell fallen down slip
slips slipping trip trips stumble collapse collapses collapsed fainting faint unconscious injured hurt
bleeding sick help panic panicking flee flees fleeing escape escapes escaping away chase chases chasing
scatter riot riots rioting protest demonstration stampede rush rushing gather gathering sport small large
big fast slow sudden suddenly left right near far front behind next between around off out into onto under
through across along after before while during high low long short red green blue yellow orange white
black grey gray brown shirt jacket clothes
"""
"""Words that a query or a template is likely to hold."""


def word_list() -> tuple[str, ...]:
    """All words the weights keep, sorted: of captions, of the real benchmarks' classes, of likely queries."""
    captions = [
        phrase
        for group in (texts.PHRASES, texts.LABEL_TEXTS)
        for phrases in group.values()
        for phrase in phrases
    ]
    captions += [phrase for phrases in texts.PLACE_PHRASES.values() for phrase in phrases]
    captions += [*texts.NORMAL_PHRASES, *texts.ABNORMAL_PHRASES, *texts.PREFIXES, *texts.BACKGROUND_TEXTS]
    every = " ".join([*captions, _OTHER_BENCHMARKS, _QUERY_WORDS]).lower()
    return tuple(sorted(set(re.findall(r"[^\W\d_]+", every))))
