and break do else elseif end false for function goto if in local nil not or repeat return then
true until while global globalx _ENV _
// .. ... == >= <= ~= << >> :: + - * / % ^ # & | ~ < > = ( ) { } [ ] ; : , .
a.b a..b a...b a::b a:b a<=b a<<b a~=b a~b a=b a==b
@ $ !
