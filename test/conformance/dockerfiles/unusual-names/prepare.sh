mkdir names && cd names && echo 1 >'with space' && echo 2 >'é-name' && echo 3 >'quote"d' && echo 4 >'a*b' && echo 5 >'-dash'
echo 6 >"$(printf '%0200d' 7)" && echo 7 >'#hash' && echo 8 >'.hidden'
